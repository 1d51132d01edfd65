// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "engine/text/merge_table.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/pre_tokenizer_table.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// Byte-level BPE (tokenizer.ggml.model "gpt2"; architectures.md 17.3): words of the pre-tokenizer, each byte a token,
/// then the neighbours with the lowest merge rank are joined, leftmost first. Bytes that are no UTF-8 are tokens as any
/// others. Time: O(n log n) in the length of a word.
class BpeTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "gpt2"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return m_preTokenizerName; }
    [[nodiscard]] bool cleansSpaces() const override { return m_cleansSpaces; }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    struct Parts {
        Vocabulary vocabulary;
        MergeTable merges;
        PreTokenizer words;
        const PreTokenizerRule* rule;
    };
    explicit BpeTokenizer(Parts parts);
    [[nodiscard]] TokenId wholeWord(std::string_view word, std::string& scratch) const;

    MergeTable m_merges;
    PreTokenizer m_words;
    std::string_view m_preTokenizerName;
    bool m_wholeWords;
    bool m_cleansSpaces;
    std::array<TokenId, 256> m_byteTokens{};  ///< kNoToken for bytes without a token: they are left out
};

}  // namespace kvscope::text
