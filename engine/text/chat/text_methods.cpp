// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "engine/text/chat/methods.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"

namespace kvscope::text {

namespace {

const std::string& neededText(const Arguments& arguments, std::size_t position, std::string_view name,
                              std::string_view method) {
    const std::string* text = textArgument(arguments, position, name);
    if (text == nullptr) fault("{}() needs a string", method);
    return *text;
}

template <bool kLeft, bool kRight>
Value strip(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "strip()");
    return stripText(self.string(), textArgument(arguments, 0, "chars"), kLeft, kRight, budget);
}

/// Words between white space; at most `most` cuts when it is not negative, from the left or the right.
std::vector<std::string_view> words(std::string_view text, std::int64_t most, bool fromRight) {
    std::vector<std::string_view> parts;
    const std::vector<std::string_view> all =
        characters(fromRight ? stripped(text, {.left = false}) : stripped(text, {.right = false}));
    std::size_t begin = 0, end = all.size();
    const auto joined = [&](std::size_t from, std::size_t to) {
        const char* last = all[to - 1].data() + all[to - 1].size();
        return std::string_view(all[from].data(), static_cast<std::size_t>(last - all[from].data()));
    };
    while (begin < end && (most < 0 || static_cast<std::int64_t>(parts.size()) < most)) {
        std::size_t cut = fromRight ? end : begin;
        if (fromRight) {
            while (cut > begin && !isSpace(all[cut - 1])) --cut;
            parts.push_back(joined(cut, end));
            for (end = cut; end > begin && isSpace(all[end - 1]);) --end;
        } else {
            while (cut < end && !isSpace(all[cut])) ++cut;
            parts.push_back(joined(begin, cut));
            for (begin = cut; begin < end && isSpace(all[begin]);) ++begin;
        }
    }
    if (begin < end) parts.push_back(joined(begin, end));
    return parts;
}

std::vector<std::string_view> cutLeft(std::string_view text, std::string_view at, std::int64_t most) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    while (most < 0 || static_cast<std::int64_t>(parts.size()) < most) {
        const std::size_t found = findText(text, at, begin);
        if (found == std::string_view::npos) break;
        parts.push_back(text.substr(begin, found - begin));
        begin = found + at.size();
    }
    parts.push_back(text.substr(begin));
    return parts;
}

/// From the right; the last part comes first.
std::vector<std::string_view> cutRight(std::string_view text, std::string_view at, std::int64_t most) {
    std::vector<std::string_view> parts;
    while (most < 0 || static_cast<std::int64_t>(parts.size()) < most) {
        const std::size_t found = text.rfind(at);
        if (found == std::string_view::npos) break;
        parts.push_back(text.substr(found + at.size()));
        text = text.substr(0, found);
    }
    parts.push_back(text);
    return parts;
}

template <bool kFromRight>
Value split(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(2, {"sep", "maxsplit"}, "split()");
    const std::string& text = self.string();
    const std::string* separator = textArgument(arguments, 0, "sep");
    const std::int64_t most = integerArgument(arguments, 1, "maxsplit", -1);
    budget.charge(text.size() * 16);
    std::vector<std::string_view> parts;
    if (separator == nullptr) {
        parts = words(text, most, kFromRight);
    } else if (separator->empty()) {
        fault("split() needs a separator that is not empty");
    } else if (kFromRight) {
        budget.charge(text.size() * separator->size() / 16);  // the search from the right compares naively
        parts = cutRight(text, *separator, most);
    } else {
        parts = cutLeft(text, *separator, most);
    }
    if (kFromRight) std::ranges::reverse(parts);
    Values items;
    for (const std::string_view part : parts) items.push_back(Value::string(std::string(part), budget));
    return Value::list(std::move(items), budget);
}

template <bool kEnd>
Value startsOrEnds(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, kEnd ? "endswith()" : "startswith()");
    const auto matches = [&](const Value& mark) {
        if (!mark.defined().isString()) fault("startswith() and endswith() need strings, not {}", mark.typeName());
        budget.charge(mark.string().size() / 8 + 1);
        return kEnd ? self.string().ends_with(mark.string()) : self.string().starts_with(mark.string());
    };
    if (arguments.positional.empty()) fault("startswith() and endswith() need a string");
    const Value& marks = arguments.positional.front();
    if (marks.isList()) return Value(std::ranges::any_of(marks.list().items, matches));
    return Value(matches(marks));
}

Value replace(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(3, {"count"}, "replace()");
    return replaceText(self.string(), neededText(arguments, 0, "", "replace"), neededText(arguments, 1, "", "replace"),
                       integerArgument(arguments, 2, "count", -1), budget);
}

template <std::string (*kMap)(std::string_view)>
Value mapped(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "the method");
    budget.charge(self.string().size());
    return Value::string(kMap(self.string()), budget);
}

Value title(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "title()");
    budget.charge(self.string().size());
    return Value::string(titleCase(self.string()), budget);
}

template <bool kLast, bool kMustExist>
Value find(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "find()");
    const std::string& text = self.string();
    const std::string& needle = neededText(arguments, 0, "", "find");
    budget.charge(text.size() / 4 + (kLast ? text.size() * needle.size() / 16 : 0));
    const std::size_t at = kLast ? text.rfind(needle) : findText(text, needle, 0);
    if (at == std::string::npos) {
        if (kMustExist) fault("index() does not find the text");
        return Value(std::int64_t{-1});
    }
    return Value(static_cast<std::int64_t>(characterCount(std::string_view(text).substr(0, at))));
}

Value count(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "count()");
    const std::string& needle = neededText(arguments, 0, "", "count");
    if (needle.empty()) return Value(lengthOf(self, budget) + 1);
    budget.charge(self.string().size());
    return Value(static_cast<std::int64_t>(cutLeft(self.string(), needle, -1).size()) - 1);
}

Value join(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "join()");
    if (arguments.positional.empty()) fault("join() needs a list");
    const Values items = itemsOf(arguments.positional.front(), budget);
    for (const Value& item : items) {
        if (!item.defined().isString()) fault("join() needs strings, not {}", item.typeName());
    }
    return joinTexts(items, self.string(), budget);
}

Value splitLines(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {"keepends"}, "splitlines()");
    budget.charge(self.string().size());
    Values items;
    for (const std::string_view line : lines(self.string(), flagArgument(arguments, 0, "keepends", false))) {
        items.push_back(Value::string(std::string(line), budget));
    }
    return Value::list(std::move(items), budget);
}

bool isAlphanumeric(std::string_view character) {
    return isLetter(character) || isDigit(character);
}

template <bool (*kIs)(std::string_view)>
Value all(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "the method");
    budget.charge(self.string().size() * 16);
    const auto list = characters(self.string());
    return Value(!list.empty() && std::ranges::all_of(list, kIs));
}

/// isupper() and islower(): there are letters with a case, and none of the other.
template <bool kUpper>
Value hasCase(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "the method");
    budget.charge(self.string().size() * 2);
    const std::string upper = upperCase(self.string()), lower = lowerCase(self.string());
    return Value(self.string() == (kUpper ? upper : lower) && upper != lower);
}

template <bool kEnd>
Value removeEnd(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "removeprefix() or removesuffix()");
    const std::string& mark = neededText(arguments, 0, "", kEnd ? "removesuffix" : "removeprefix");
    std::string_view text = self.string();
    if (kEnd && text.ends_with(mark)) text.remove_suffix(mark.size());
    if (!kEnd && text.starts_with(mark)) text.remove_prefix(mark.size());
    return Value::string(std::string(text), budget);
}

}  // namespace

Method findTextMethod(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, Method>, 29> kTable{{
        {"strip", strip<true, true>},
        {"lstrip", strip<true, false>},
        {"rstrip", strip<false, true>},
        {"split", split<false>},
        {"rsplit", split<true>},
        {"splitlines", splitLines},
        {"startswith", startsOrEnds<false>},
        {"endswith", startsOrEnds<true>},
        {"replace", replace},
        {"upper", mapped<upperCase>},
        {"lower", mapped<lowerCase>},
        {"casefold", mapped<lowerCase>},
        {"capitalize", mapped<capitalised>},
        {"title", title},
        {"find", find<false, false>},
        {"rfind", find<true, false>},
        {"index", find<false, true>},
        {"rindex", find<true, true>},
        {"count", count},
        {"join", join},
        {"isdigit", all<isDigit>},
        {"isnumeric", all<isDigit>},
        {"isalpha", all<isLetter>},
        {"isalnum", all<isAlphanumeric>},
        {"isspace", all<isSpace>},
        {"isupper", hasCase<true>},
        {"islower", hasCase<false>},
        {"removeprefix", removeEnd<false>},
        {"removesuffix", removeEnd<true>},
    }};
    const auto found = std::ranges::find(kTable, name, &std::pair<std::string_view, Method>::first);
    return found != kTable.end() ? found->second : nullptr;
}

}  // namespace kvscope::text
