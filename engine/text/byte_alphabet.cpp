// SPDX-License-Identifier: Apache-2.0
#include "engine/text/byte_alphabet.h"

#include <array>

#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

constexpr unsigned kFirstStandIn = 0x100;
constexpr unsigned kStandIns = 68;

constexpr bool standsForItself(unsigned byte) {
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

struct Alphabet {
    struct Character {
        std::array<char, 2> utf8{};
        std::size_t bytes = 0;
    };
    std::array<Character, 256> ofByte{};
    std::array<unsigned char, kStandIns> standInByte{};
};

constexpr Alphabet makeAlphabet() {
    Alphabet alphabet;
    unsigned standIn = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned code = byte;
        if (!standsForItself(byte)) {
            alphabet.standInByte[standIn] = static_cast<unsigned char>(byte);
            code = kFirstStandIn + standIn++;
        }
        auto& character = alphabet.ofByte[byte];
        if (code < 0x80) {
            character = {{static_cast<char>(code), 0}, 1};
        } else {
            character = {{static_cast<char>(0xC0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3FU))}, 2};
        }
    }
    return alphabet;
}

constexpr Alphabet kAlphabet = makeAlphabet();

}  // namespace

std::string_view byteCharacter(unsigned char byte) {
    const auto& character = kAlphabet.ofByte[byte];
    return {character.utf8.data(), character.bytes};
}

std::optional<unsigned char> byteOfCharacter(char32_t character) {
    if (character < 256 && standsForItself(static_cast<unsigned>(character))) {
        return static_cast<unsigned char>(character);
    }
    if (character < kFirstStandIn || character >= kFirstStandIn + kStandIns) return std::nullopt;
    return kAlphabet.standInByte[character - kFirstStandIn];
}

void appendByteCharacters(std::string_view bytes, std::string& out) {
    for (const char byte : bytes) out += byteCharacter(static_cast<unsigned char>(byte));
}

std::string bytesOfCharacters(std::string_view characters) {
    std::string bytes;
    while (!characters.empty()) {
        const auto prefix = utf8Prefix(characters);
        const auto character = characters.substr(0, prefix.bytes);
        characters.remove_prefix(prefix.bytes);
        const auto byte = prefix.state == Utf8State::Whole ? byteOfCharacter(utf8CodePoint(character)) : std::nullopt;
        if (byte) {
            bytes += static_cast<char>(*byte);
        } else {
            bytes += character;
        }
    }
    return bytes;
}

}  // namespace kvscope::text
