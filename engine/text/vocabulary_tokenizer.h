// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/text/special_tokens.h"
#include "engine/text/tokenizer.h"
#include "engine/text/vocabulary.h"

namespace kvscope::text {

/// What tokenizers over a vocabulary have in common: the split at special tokens, BOS and EOS, and control tokens that
/// stay hidden. A kind adds how plain text becomes tokens and what bytes a plain token stands for.
class VocabularyTokenizer : public Tokenizer {
  public:
    explicit VocabularyTokenizer(Vocabulary vocabulary);

    [[nodiscard]] Result<std::vector<TokenId>> encode(std::string_view utf8, EncodeOptions options) const final;
    [[nodiscard]] std::string tokenBytes(TokenId id, bool showControl) const final;
    [[nodiscard]] std::size_t vocabularySize() const final { return m_vocabulary.size(); }
    [[nodiscard]] std::optional<TokenId> bos() const final;
    [[nodiscard]] std::optional<TokenId> eos() const final;
    [[nodiscard]] std::span<const TokenId> suppressedTokens() const final { return m_vocabulary.suppressed(); }
    [[nodiscard]] bool addsBos() const final { return m_vocabulary.addsBos(); }
    [[nodiscard]] bool isEndOfGeneration(TokenId id) const final { return m_vocabulary.endsGeneration(id); }
    [[nodiscard]] std::span<const std::string> warnings() const final { return m_vocabulary.warnings; }

    /// Longer texts are refused, so that positions fit 32 bits.
    static constexpr std::size_t kMaxTextBytes = std::size_t{1} << 29U;

  protected:
    /// Appends the tokens of plain text (not empty). `startsText`: it is first or follows a special token.
    virtual Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const = 0;
    /// The bytes of a normal, unused, byte or undefined token.
    [[nodiscard]] virtual std::string plainBytes(TokenId id) const = 0;
    [[nodiscard]] const Vocabulary& vocabulary() const { return m_vocabulary; }

  private:
    Vocabulary m_vocabulary;
    SpecialTokens m_special;  ///< points into m_vocabulary
};

}  // namespace kvscope::text
