// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvscope::text {

/// What a byte string begins with (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF).
enum class Utf8State {
    Whole,   ///< a well-formed character
    Cut,     ///< the first bytes of one, then the string ends
    Broken,  ///< bytes that no character can begin with
};

/// The first character of a string, or the bytes to be replaced by one U+FFFD (the longest prefix of a character).
struct Utf8Prefix {
    Utf8State state = Utf8State::Broken;
    std::size_t bytes = 1;  ///< at least 1
};

/// Looks at the beginning of `text`, which must not be empty.
[[nodiscard]] Utf8Prefix utf8Prefix(std::string_view text);

/// The code point of a whole character of `bytes` bytes.
[[nodiscard]] char32_t utf8CodePoint(std::string_view character);

/// Appends a code point (at most U+10FFFF) as UTF-8.
void appendUtf8(char32_t code, std::string& out);

/// U+FFFD, what stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

}  // namespace kvscope::text
