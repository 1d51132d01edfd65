// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "engine/text/vocabulary.h"

namespace kvscope::text {

/// U+2581, what stands for a space in the token texts of SPM, UGM, WPM and Gemma 4.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

/// Appends `text` with U+2581 for each space.
void appendMarked(std::string_view text, std::string& out);

/// `text` with a space for each U+2581.
[[nodiscard]] std::string withSpaces(std::string_view text);

/// The byte of "<0xXX>"; nothing for another text.
[[nodiscard]] std::optional<unsigned char> byteOfText(std::string_view text);

/// The token "<0xXX>" of each byte, kNoToken where there is none.
[[nodiscard]] std::array<TokenId, 256> byteTokens(const Vocabulary& vocabulary);

/// What a token stands for: the byte of a byte token, or its text with spaces.
[[nodiscard]] std::string bytesOfPiece(const Vocabulary& vocabulary, TokenId id);

}  // namespace kvscope::text
