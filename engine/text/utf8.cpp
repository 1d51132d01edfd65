// SPDX-License-Identifier: Apache-2.0
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

unsigned byteAt(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

/// Bytes of the character that a lead byte announces, 0 for a byte that leads none.
std::size_t announcedBytes(unsigned lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

/// The second byte has a narrower range after four of the lead bytes.
bool secondByteFits(unsigned lead, unsigned second) {
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return second >= low && second <= high;
}

}  // namespace

Utf8Prefix utf8Prefix(std::string_view text) {
    const unsigned lead = byteAt(text, 0);
    const std::size_t announced = announcedBytes(lead);
    if (announced == 0) return {Utf8State::Broken, 1};
    for (std::size_t i = 1; i < announced; ++i) {
        if (i == text.size()) return {Utf8State::Cut, i};
        const unsigned byte = byteAt(text, i);
        const bool fits = i == 1 ? secondByteFits(lead, byte) : (byte & 0xC0U) == 0x80U;
        if (!fits) return {Utf8State::Broken, i};
    }
    return {Utf8State::Whole, announced};
}

char32_t utf8CodePoint(std::string_view character) {
    const unsigned lead = byteAt(character, 0);
    if (character.size() == 1) return lead;
    char32_t code = lead & (0x7FU >> character.size());
    for (std::size_t i = 1; i < character.size(); ++i) code = (code << 6U) | (byteAt(character, i) & 0x3FU);
    return code;
}

void appendUtf8(char32_t code, std::string& out) {
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | (code >> 6U));
        out += tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | (code >> 12U));
        out += tail(6);
        out += tail(0);
    } else {
        out += static_cast<char>(0xF0U | (code >> 18U));
        out += tail(12);
        out += tail(6);
        out += tail(0);
    }
}

}  // namespace kvscope::text
