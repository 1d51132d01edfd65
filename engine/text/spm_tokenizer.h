// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// SentencePiece BPE (tokenizer.ggml.model "llama"; architectures.md 17.3): spaces become U+2581, each character is a
/// symbol, then the neighbours whose joined text is the token with the highest score are joined, leftmost first. What
/// stays no token is written as byte tokens. Time: O(n log n) in the length of the text.
class SpmTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "llama"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return ""; }
    [[nodiscard]] bool addsSpacePrefix() const override { return m_addSpacePrefix; }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    class Merger;
    SpmTokenizer(Vocabulary vocabulary, std::vector<float> scores, bool addSpacePrefix);
    [[nodiscard]] float score(TokenId id) const { return m_scores[static_cast<std::size_t>(id)]; }
    void appendBytes(std::string_view symbol, std::vector<TokenId>& out) const;

    std::vector<float> m_scores;
    bool m_addSpacePrefix;
    std::array<TokenId, 256> m_byteTokens{};  ///< "<0xXX>", else the token that is this byte, else kNoToken
};

}  // namespace kvscope::text
