// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "engine/text/prefix_tree.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

/// RWKV World (tokenizer.ggml.model "rwkv"; architectures.md 17.2): at each place the longest token. Token texts are
/// bytes written with the escapes \t \n \r \\ \' \xNN. Time: O(text * longest token).
class RwkvTokenizer final : public VocabularyTokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(const gguf::File& file);

    [[nodiscard]] std::string_view kind() const override { return "rwkv"; }
    [[nodiscard]] std::string_view preTokenizer() const override { return ""; }

  protected:
    Result<void> encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const override;
    [[nodiscard]] std::string plainBytes(TokenId id) const override;

  private:
    explicit RwkvTokenizer(Vocabulary vocabulary);

    PrefixTree m_tree;
};

}  // namespace kvscope::text
