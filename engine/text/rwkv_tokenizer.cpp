// SPDX-License-Identifier: Apache-2.0
#include "engine/text/rwkv_tokenizer.h"

#include <charconv>

namespace kvscope::text {
namespace {

/// The byte of a one-letter escape; other characters stand for themselves.
char escaped(char letter) {
    switch (letter) {
        case 't':
            return '\t';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        default:
            return letter;
    }
}

/// The bytes of a token's text. An escape that is cut off stands for itself.
std::string unescaped(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            bytes += text[at];
            continue;
        }
        ++at;
        unsigned value = 0;
        const char* digits = text.data() + at + 1;
        if (text[at] == 'x' && text.size() - at > 2 &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            bytes += static_cast<char>(value);
            at += 2;
        } else {
            bytes += escaped(text[at]);
        }
    }
    return bytes;
}

/// Control tokens are cut out before; the greedy search knows the others.
PrefixTree treeOf(const Vocabulary& vocabulary) {
    std::vector<std::pair<std::string, TokenId>> entries;
    for (TokenId id = 0; vocabulary.contains(id); ++id) {
        const TokenType type = vocabulary.type(id);
        if (type == TokenType::Control || type == TokenType::Unknown) continue;
        entries.emplace_back(unescaped(vocabulary.text(id)), id);
    }
    return PrefixTree(std::move(entries));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> RwkvTokenizer::make(const gguf::File& file) {
    auto vocabulary = Vocabulary::load(file, {});
    if (!vocabulary) return forward(vocabulary);
    return std::unique_ptr<Tokenizer>(new RwkvTokenizer(std::move(*vocabulary)));
}

RwkvTokenizer::RwkvTokenizer(Vocabulary loaded)
    : VocabularyTokenizer(std::move(loaded)), m_tree(treeOf(vocabulary())) {}

Result<void> RwkvTokenizer::encodePlain(std::string_view text, bool /*startsText*/, std::vector<TokenId>& out) const {
    while (!text.empty()) {
        const auto match = m_tree.longest(text);
        if (match.id != kNoToken) {
            out.push_back(match.id);
        } else if (vocabulary().unknown() != kNoToken) {
            out.push_back(vocabulary().unknown());
        }
        text.remove_prefix(match.id == kNoToken ? 1 : match.bytes);
    }
    return {};
}

std::string RwkvTokenizer::plainBytes(TokenId id) const {
    return unescaped(vocabulary().text(id));
}

}  // namespace kvscope::text
