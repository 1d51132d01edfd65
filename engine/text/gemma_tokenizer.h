// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "engine/text/merge_table.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// BPE on characters (tokenizer.ggml.model "gemma4"; architectures.md 17.3): spaces become U+2581, runs of line ends
/// stand apart and are taken whole where they are a token, then the neighbours with the lowest merge rank are joined.
/// Characters without a token are written as byte tokens. Time: O(n log n) in the length of a line.
class GemmaTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "gemma4"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return "gemma4"; }
    [[nodiscard]] bool cleansSpaces() const override { return true; }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    GemmaTokenizer(Vocabulary vocabulary, MergeTable merges);

    MergeTable m_merges;
    std::array<TokenId, 256> m_byteTokens;  ///< kNoToken for bytes without a token: they are left out
};

}  // namespace kvscope::text
