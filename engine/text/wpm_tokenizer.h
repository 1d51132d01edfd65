// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "engine/text/prefix_tree.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// WordPiece of BERT (tokenizer.ggml.model "bert"; architectures.md 17.3): words between white space, punctuation and
/// CJK characters alone, lower case and without accents where the file asks; each word is U+2581 and its characters,
/// covered by the longest tokens from the left, or the unknown token. Decoding gives the normalised text.
/// Time: O(text * longest token).
class WpmTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "bert"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return ""; }
    [[nodiscard]] bool addsSpacePrefix() const override { return true; }
    [[nodiscard]] bool cleansSpaces() const override { return true; }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    struct Options {
        bool lowerCase = true;
        bool stripAccents = true;
    };
    WpmTokenizer(Vocabulary vocabulary, Options options);
    void appendNormalised(char32_t character, std::u32string& out) const;
    void appendWord(std::string_view word, std::vector<TokenId>& out) const;

    Options m_options;
    PrefixTree m_tree;
};

}  // namespace kvscope::text
