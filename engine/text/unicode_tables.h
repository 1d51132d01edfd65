// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace kvscope::text {

/// Code points first ... last.
struct CodeRange {
    char32_t first;
    char32_t last;
};

/// Every `step`th code point of first ... last has the lower case code + add.
struct LowerCaseRange {
    char32_t first;
    char32_t last;
    std::uint32_t step;
    std::int32_t add;
};

/// Characters whose canonical decomposition without nonspacing marks is `base`.
struct BaseRange {
    char32_t first;
    char32_t last;
    char32_t base;
};

/// A character whose canonical decomposition without nonspacing marks is two or three characters (0: no third).
struct PartsOfCharacter {
    char32_t character;
    char32_t first;
    char32_t second;
    char32_t third;
};

// All ascending, without overlap (unicode_properties.cpp, unicode_bases.cpp). Hangul syllables are in none: they
// decompose by a formula.
[[nodiscard]] std::span<const CodeRange> punctuationRanges();     ///< general category P
[[nodiscard]] std::span<const CodeRange> otherRanges();           ///< general categories Cc, Cf, Co
[[nodiscard]] std::span<const CodeRange> nonspacingMarkRanges();  ///< general category Mn
[[nodiscard]] std::span<const LowerCaseRange> lowerCaseRanges();
[[nodiscard]] std::span<const BaseRange> baseRanges();
[[nodiscard]] std::span<const PartsOfCharacter> partsOfCharacters();

}  // namespace kvscope::text
