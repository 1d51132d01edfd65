// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "engine/text/charsmap.h"
#include "engine/text/prefix_tree.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// SentencePiece unigram (tokenizer.ggml.model "t5"; architectures.md 17.3): the text is normalised with the file's
/// table, spaces become U+2581, then the tokens with the highest sum of scores cover it (Viterbi). Characters that no
/// token covers are one unknown token a run. Time: O(text * longest token).
class UgmTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "t5"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return ""; }
    [[nodiscard]] bool addsSpacePrefix() const override {
        return m_options.addSpacePrefix || m_options.removeExtraSpaces;
    }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    struct Options {
        bool addSpacePrefix = false;     ///< a space before the first character that is none
        bool removeExtraSpaces = false;  ///< one space between words, none at the ends
    };
    UgmTokenizer(Vocabulary vocabulary, std::vector<float> scores, Charsmap charsmap, Options options);
    [[nodiscard]] std::string normalised(std::string_view text) const;
    [[nodiscard]] float scoreOf(TokenId id) const;

    std::vector<float> m_scores;
    Charsmap m_charsmap;
    Options m_options;
    PrefixTree m_tree;
    float m_unknownScore = 0;
};

}  // namespace kvscope::text
