// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvscope::text {

/// The printable characters that stand for bytes in the vocabulary of byte-level BPE: 33-126, 161-172 and 174-255 are
/// themselves, the other 68 bytes are U+0100, U+0101, ... in ascending order (architectures.md 17.3).
[[nodiscard]] std::string_view byteCharacter(unsigned char byte);

/// The byte that a character stands for; nothing for a character outside the alphabet.
[[nodiscard]] std::optional<unsigned char> byteOfCharacter(char32_t character);

/// Appends the characters of all bytes.
void appendByteCharacters(std::string_view bytes, std::string& out);

/// The bytes of a token's text. A character outside the alphabet stands for its own UTF-8 bytes.
[[nodiscard]] std::string bytesOfCharacters(std::string_view characters);

}  // namespace kvscope::text
