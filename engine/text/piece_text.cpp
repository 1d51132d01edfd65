// SPDX-License-Identifier: Apache-2.0
#include "engine/text/piece_text.h"

#include <charconv>

namespace kvscope::text {

void appendMarked(std::string_view text, std::string& out) {
    for (const char byte : text) {
        if (byte == ' ') {
            out += kSpaceMark;
        } else {
            out += byte;
        }
    }
}

std::string withSpaces(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size();) {
        const bool isSpace = text.substr(at).starts_with(kSpaceMark);
        bytes += isSpace ? ' ' : text[at];
        at += isSpace ? kSpaceMark.size() : 1;
    }
    return bytes;
}

std::optional<unsigned char> byteOfText(std::string_view text) {
    if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
    unsigned value = 0;
    const auto [end, code] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
    if (code != std::errc() || end != text.data() + 5) return std::nullopt;
    return static_cast<unsigned char>(value);
}

std::array<TokenId, 256> byteTokens(const Vocabulary& vocabulary) {
    std::array<TokenId, 256> tokens{};
    for (unsigned byte = 0; byte < 256; ++byte) tokens[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte));
    return tokens;
}

std::string bytesOfPiece(const Vocabulary& vocabulary, TokenId id) {
    const auto text = vocabulary.text(id);
    if (vocabulary.type(id) == TokenType::Byte) {
        if (const auto byte = byteOfText(text)) return std::string(1, static_cast<char>(*byte));
    }
    return withSpaces(text);
}

}  // namespace kvscope::text
