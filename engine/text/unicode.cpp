// SPDX-License-Identifier: Apache-2.0
#include "engine/text/unicode.h"

#include <algorithm>

#include "engine/text/unicode_tables.h"

namespace kvscope::text {
namespace {

/// The range that holds `character`, or nullptr.
template <typename Range>
const Range* findRange(std::span<const Range> ranges, char32_t character) {
    const auto after = std::ranges::upper_bound(ranges, character, {}, &Range::first);
    if (after == ranges.begin() || character > std::prev(after)->last) return nullptr;
    return &*std::prev(after);
}

// Unicode 3.12: syllables are ordered by leading consonant, vowel and trailing consonant.
constexpr char32_t kFirstSyllable = 0xAC00;
constexpr char32_t kLastSyllable = 0xD7A3;
constexpr char32_t kFirstLead = 0x1100;
constexpr char32_t kFirstVowel = 0x1161;
constexpr char32_t kBeforeFirstTrail = 0x11A7;
constexpr char32_t kVowels = 21;
constexpr char32_t kTrails = 28;

void appendSyllable(char32_t syllable, std::u32string& out) {
    const char32_t index = syllable - kFirstSyllable;
    out += kFirstLead + index / (kVowels * kTrails);
    out += kFirstVowel + index / kTrails % kVowels;
    if (index % kTrails != 0) out += kBeforeFirstTrail + index % kTrails;
}

}  // namespace

bool isWhiteSpace(char32_t character) {
    return (character >= 0x9 && character <= 0xD) || character == 0x20 || character == 0x85 || character == 0xA0 ||
           character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
           character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool isPunctuation(char32_t character) {
    return findRange(punctuationRanges(), character) != nullptr;
}

bool isOther(char32_t character) {
    return findRange(otherRanges(), character) != nullptr;
}

bool isNonspacingMark(char32_t character) {
    return findRange(nonspacingMarkRanges(), character) != nullptr;
}

void appendWithoutMarks(char32_t character, std::u32string& out) {
    if (character < 0x80) {
        out += character;
        return;
    }
    if (isNonspacingMark(character)) return;
    if (character >= kFirstSyllable && character <= kLastSyllable) {
        appendSyllable(character, out);
        return;
    }
    if (const auto* range = findRange(baseRanges(), character)) {
        out += range->base;
        return;
    }
    const auto parts = std::ranges::lower_bound(partsOfCharacters(), character, {}, &PartsOfCharacter::character);
    if (parts == partsOfCharacters().end() || parts->character != character) {
        out += character;
        return;
    }
    out += parts->first;
    out += parts->second;
    if (parts->third != 0) out += parts->third;
}

void appendLowerCase(char32_t character, std::u32string& out) {
    constexpr char32_t kCapitalIWithDot = 0x130;  // the only one whose lower case has two characters
    constexpr char32_t kDotAbove = 0x307;
    if (character == kCapitalIWithDot) {
        out += U'i';
        out += kDotAbove;
        return;
    }
    const auto* range = findRange(lowerCaseRanges(), character);
    const bool has = range != nullptr && (character - range->first) % range->step == 0;
    out += has ? static_cast<char32_t>(static_cast<std::int64_t>(character) + range->add) : character;
}

}  // namespace kvscope::text
