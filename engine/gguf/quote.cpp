// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/quote.h"

#include <fmt/format.h>

#include <cstdint>

namespace kvscope::gguf {
namespace {

bool isContinuation(std::uint8_t byte) {
    return (byte & 0xC0U) == 0x80U;
}

/// Smallest and largest second byte that may follow `lead` (Unicode 15, table 3-7).
struct SecondByte {
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
};
SecondByte secondByteRange(std::uint8_t lead) {
    switch (lead) {
        case 0xE0:
            return {0xA0, 0xBF};
        case 0xED:
            return {0x80, 0x9F};
        case 0xF0:
            return {0x90, 0xBF};
        case 0xF4:
            return {0x80, 0x8F};
        default:
            return {};
    }
}

std::size_t lengthOfLead(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

}  // namespace

std::size_t utf8CharacterBytes(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::size_t length = lengthOfLead(at(0));
    if (length == 0 || length > text.size()) return 0;
    if (length == 1) return 1;
    const SecondByte range = secondByteRange(at(0));
    if (at(1) < range.low || at(1) > range.high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (!isContinuation(at(i))) return 0;
    }
    return length;
}

std::string quoteName(std::string_view text, std::size_t maxBytes) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (at >= maxBytes) return out + "...";
        const auto byte = static_cast<std::uint8_t>(text[at]);
        const std::size_t length = utf8CharacterBytes(text.substr(at));
        // U+0080 to U+009F are control characters too: C2 80 to C2 9F
        const bool isC1 = byte == 0xC2 && length == 2 && static_cast<std::uint8_t>(text[at + 1]) < 0xA0;
        if (byte == '\\') {
            out += "\\\\";
        } else if (length == 0 || isC1 || byte < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02X}", byte);
        } else {
            out += text.substr(at, length);
            at += length;
            continue;
        }
        ++at;
    }
    return out;
}

}  // namespace kvscope::gguf
