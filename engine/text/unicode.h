// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kvscope::text {

/// Unicode White_Space.
[[nodiscard]] bool isWhiteSpace(char32_t character);
/// General category P.
[[nodiscard]] bool isPunctuation(char32_t character);
/// General categories Cc, Cf, Co: control, format and private characters.
[[nodiscard]] bool isOther(char32_t character);
/// General category Mn.
[[nodiscard]] bool isNonspacingMark(char32_t character);

/// Appends the canonical decomposition (NFD) without its nonspacing marks; nothing for such a mark.
void appendWithoutMarks(char32_t character, std::u32string& out);
/// Appends the lower case, or the character itself where it has none.
void appendLowerCase(char32_t character, std::u32string& out);

}  // namespace kvscope::text
