// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/unicode_text.h"

#include <clocale>
#include <cstring>
#include <cwctype>

#include <algorithm>

#include "engine/text/utf8.h"

namespace kvscope::text {

namespace {

/// The next character of a text that is not empty.
std::string_view next(std::string_view text) {
    if (static_cast<unsigned char>(text.front()) < 0x80) return text.substr(0, 1);
    return text.substr(0, std::min(utf8Prefix(text).bytes, text.size()));
}

/// The code point, or 0xFFFD for broken bytes.
char32_t pointOf(std::string_view character) {
    const Utf8Prefix prefix = utf8Prefix(character);
    return prefix.state == Utf8State::Whole ? utf8CodePoint(character) : U'\uFFFD';
}

/// Unicode's letters, whatever locale the program runs in; null where the system lacks it (then ASCII alone).
locale_t unicodeLocale() {
    static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kLocale;
}

template <typename Map>
std::string mapped(std::string_view text, Map map) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::string_view character = next(text);
        if (utf8Prefix(character).state == Utf8State::Whole) {
            appendCodePoint(out, map(pointOf(character)));
        } else {
            out += character;
        }
        text.remove_prefix(character.size());
    }
    return out;
}

char32_t toUpper(char32_t point) {
    if (unicodeLocale() == nullptr) return point >= U'a' && point <= U'z' ? point - 32 : point;
    return static_cast<char32_t>(towupper_l(static_cast<wint_t>(point), unicodeLocale()));
}

char32_t toLower(char32_t point) {
    if (unicodeLocale() == nullptr) return point >= U'A' && point <= U'Z' ? point + 32 : point;
    return static_cast<char32_t>(towlower_l(static_cast<wint_t>(point), unicodeLocale()));
}

/// Bytes of the line end that a text begins with, or 0.
std::size_t lineEnd(std::string_view text) {
    if (text.starts_with("\r\n")) return 2;
    const unsigned char byte = static_cast<unsigned char>(text.front());
    if ((byte >= 0x0A && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x1E)) return 1;
    if (text.starts_with("\u0085")) return 2;
    return text.starts_with("\u2028") || text.starts_with("\u2029") ? 3 : 0;
}

template <typename Belongs>
std::string_view stripWhile(std::string_view text, StripSides sides, Belongs belongs) {
    while (sides.left && !text.empty() && belongs(next(text))) text.remove_prefix(next(text).size());
    if (!sides.right || text.empty()) return text;
    std::size_t keep = 0;  // bytes up to the end of the last character that stays
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view character = next(text.substr(at));
        at += character.size();
        if (!belongs(character)) keep = at;
    }
    return text.substr(0, keep);
}

}  // namespace

std::vector<std::string_view> characters(std::string_view text) {
    std::vector<std::string_view> list;
    while (!text.empty()) {
        list.push_back(next(text));
        text.remove_prefix(list.back().size());
    }
    return list;
}

std::size_t characterCount(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(next(text).size());
    return count;
}

std::size_t findText(std::string_view text, std::string_view needle, std::size_t from) {
    if (from > text.size()) return std::string_view::npos;
    if (needle.empty()) return from;
    if (needle.size() > text.size() - from) return std::string_view::npos;
    const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

bool isSpace(std::string_view character) {
    const char32_t point = pointOf(character);
    return (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x20) || point == 0x85 || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

bool isLetter(std::string_view character) {
    const char32_t point = pointOf(character);
    if (unicodeLocale() == nullptr || point < 0x80) {
        return (point >= U'a' && point <= U'z') || (point >= U'A' && point <= U'Z');
    }
    return iswalpha_l(static_cast<wint_t>(point), unicodeLocale()) != 0;
}

bool isDigit(std::string_view character) {
    return character.size() == 1 && character[0] >= '0' && character[0] <= '9';
}

std::string upperCase(std::string_view text) {
    static constexpr std::string_view kSharpS = "\u00DF";
    std::string upper = mapped(text, toUpper);
    for (std::size_t at = upper.find(kSharpS); at != std::string::npos; at = upper.find(kSharpS, at)) {
        upper.replace(at, kSharpS.size(), "SS");  // as many bytes: the time stays linear
    }
    return upper;
}

std::string lowerCase(std::string_view text) {
    return mapped(text, toLower);
}

std::string capitalised(std::string_view text) {
    if (text.empty()) return {};
    const std::size_t first = next(text).size();
    return upperCase(text.substr(0, first)) + lowerCase(text.substr(first));
}

std::string_view stripped(std::string_view text, StripSides sides) {
    return stripWhile(text, sides, isSpace);
}

std::string_view strippedOf(std::string_view text, std::string_view set, StripSides sides) {
    const std::vector<std::string_view> members = characters(set);
    return stripWhile(text, sides, [&](std::string_view c) { return std::ranges::find(members, c) != members.end(); });
}

std::vector<std::string_view> lines(std::string_view text, bool keepEnds) {
    std::vector<std::string_view> list;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = lineEnd(text.substr(at));
        if (end == 0) {
            ++at;
            continue;
        }
        list.push_back(text.substr(begin, at - begin + (keepEnds ? end : 0)));
        at += end;
        begin = at;
    }
    if (begin < text.size()) list.push_back(text.substr(begin));
    return list;
}

void appendCodePoint(std::string& text, char32_t point) {
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = 0xFFFD;
    const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
    if (point < 0x80) {
        text += static_cast<char>(point);
    } else if (point < 0x800) {
        text += static_cast<char>(0xC0 | (point >> 6));
        tail(0);
    } else if (point < 0x10000) {
        text += static_cast<char>(0xE0 | (point >> 12));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xF0 | (point >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

}  // namespace kvscope::text
