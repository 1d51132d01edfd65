// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvscope::text {

// Strings of templates are UTF-8; positions and lengths count characters, as Python does. Bytes that are no UTF-8 count
// as one character each piece (utf8Prefix).

/// The characters of a text, views into it.
[[nodiscard]] std::vector<std::string_view> characters(std::string_view text);
[[nodiscard]] std::size_t characterCount(std::string_view text);
/// Where `needle` begins at or after byte `from`, or npos. Time: linear.
[[nodiscard]] std::size_t findText(std::string_view text, std::string_view needle, std::size_t from);

/// White space as Python's str.isspace() has it.
[[nodiscard]] bool isSpace(std::string_view character);
[[nodiscard]] bool isLetter(std::string_view character);
[[nodiscard]] bool isDigit(std::string_view character);

/// One character for one, but "SS" for ß; the few others whose other case is several characters stay.
[[nodiscard]] std::string upperCase(std::string_view text);
[[nodiscard]] std::string lowerCase(std::string_view text);
/// The first letter upper case, the others lower case.
[[nodiscard]] std::string capitalised(std::string_view text);

/// Takes white space, or else the characters of `set`, off the ends.
struct StripSides {
    bool left = true, right = true;
};
[[nodiscard]] std::string_view stripped(std::string_view text, StripSides sides);
[[nodiscard]] std::string_view strippedOf(std::string_view text, std::string_view set, StripSides sides);
/// Lines without their ends; "\n", "\r\n", "\r" and the rarer ends of Python's splitlines().
[[nodiscard]] std::vector<std::string_view> lines(std::string_view text, bool keepEnds = false);

/// Appends a code point; surrogates and what is above U+10FFFF become U+FFFD.
void appendCodePoint(std::string& text, char32_t point);

}  // namespace kvscope::text
