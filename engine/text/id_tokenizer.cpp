// SPDX-License-Identifier: Apache-2.0
#include "engine/text/id_tokenizer.h"

#include <charconv>

namespace kvscope::text {

namespace {

class IdTokenizer final : public Tokenizer {
  public:
    IdTokenizer(std::size_t vocabulary, std::string reason) : m_vocabulary(vocabulary), m_warnings{std::move(reason)} {}

    Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions) const override {
        std::vector<TokenId> ids;
        const char* at = text.data();
        const char* end = text.data() + text.size();
        while (at != end) {
            if (*at == ' ' || *at == ',' || *at == '\n' || *at == '\t' || *at == '\r') {
                ++at;
                continue;
            }
            TokenId id = 0;
            const auto [next, error] = std::from_chars(at, end, id);
            if (error != std::errc() || id < 0 || static_cast<std::size_t>(id) >= m_vocabulary) {
                return fail(ErrorKind::BadUsage, "prompt",
                            "this model has no usable tokenizer: give token ids (0 … {}) separated by spaces",
                            m_vocabulary - 1);
            }
            ids.push_back(id);
            at = next;
        }
        return ids;
    }
    std::string tokenBytes(TokenId id, bool) const override { return fmt::format("{} ", id); }
    std::size_t vocabularySize() const override { return m_vocabulary; }
    std::optional<TokenId> bos() const override { return std::nullopt; }
    bool addsBos() const override { return false; }
    bool isEndOfGeneration(TokenId) const override { return false; }
    std::string_view kind() const override { return "ids"; }
    std::string_view preTokenizer() const override { return ""; }
    std::span<const std::string> warnings() const override { return m_warnings; }

  private:
    std::size_t m_vocabulary;
    std::vector<std::string> m_warnings;
};

}  // namespace

std::unique_ptr<Tokenizer> makeIdTokenizer(std::size_t vocabularySize, std::string reason) {
    return std::make_unique<IdTokenizer>(vocabularySize, std::move(reason));
}

}  // namespace kvscope::text
