// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "engine/text/chat/filters.h"
#include "engine/text/chat/methods.h"
#include "engine/text/chat/operators.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

Value trim(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(1, {"chars"}, "trim");
    return stripText(printed(subject, in.budget()), textArgument(arguments, 0, "chars"), true, true, in.budget());
}

Value string(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "the filter");
    return subject.isString() ? subject : Value::string(printed(subject, in.budget()), in.budget());
}

/// Templates are not escaped for HTML, so there is nothing to mark.
Value safe(Interpreter& in, const Value& subject, const Arguments& arguments) {
    return string(in, subject, arguments);
}

template <std::string (*kMap)(std::string_view)>
Value mapped(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "the filter");
    return Value::string(kMap(printed(subject, in.budget())), in.budget());
}

/// Words begin behind white space, "-", "(", "{", "[" and "<".
Value title(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "title");
    std::string out;
    bool begins = true;
    const std::string text = printed(subject, in.budget());
    in.budget().charge(text.size() * 4);
    for (const std::string_view character : characters(text)) {
        out += begins ? upperCase(character) : lowerCase(character);
        begins = isSpace(character) || character.find_first_of("-({[<") != std::string_view::npos;
    }
    return Value::string(std::move(out), in.budget());
}

Value replace(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(3, {"old", "new", "count"}, "replace");
    const Value* from = arguments.find(0, "old");
    const Value* to = arguments.find(1, "new");
    if (from == nullptr || to == nullptr) fault("replace needs the old and the new text");
    return replaceText(printed(subject, in.budget()), printed(*from, in.budget()), printed(*to, in.budget()),
                       integerArgument(arguments, 2, "count", -1), in.budget());
}

Value join(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"d", "attribute"}, "join");
    Values items = itemsOf(subject, in.budget());
    if (const Value* name = arguments.find(1, "attribute")) {
        for (Value& item : items) item = attributePath(in, item, *name);
    }
    const Value* separator = arguments.find(0, "d");
    return joinTexts(items, separator == nullptr ? std::string() : printed(*separator, in.budget()), in.budget());
}

Value indent(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(3, {"width", "first", "blank"}, "indent");
    const Value* width = arguments.find(0, "width");
    std::string space;
    if (width != nullptr && width->isString()) {
        space = width->string();
    } else {
        const std::int64_t count = integerArgument(arguments, 0, "width", 4);
        in.budget().charge(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
        space.assign(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), ' ');
    }
    const bool blank = flagArgument(arguments, 2, "blank", false);
    std::string text = printed(subject, in.budget());
    text.push_back('\n');
    std::string out;
    if (flagArgument(arguments, 1, "first", false)) out.append(space);
    bool firstLine = true;
    in.budget().charge(text.size() * 2);
    for (const std::string_view line : lines(text)) {
        in.budget().charge(line.size() + space.size() + 1);
        if (!firstLine) out += '\n';
        if (!firstLine && (blank || !line.empty())) out += space;
        out += line;
        firstLine = false;
    }
    return Value::string(std::move(out), in.budget());
}

Value escape(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "escape");
    std::string out;
    for (const char c : printed(subject, in.budget())) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '"':
                out += "&#34;";
                break;
            default:
                out += c;
        }
    }
    return Value::string(std::move(out), in.budget());
}

Value format(Interpreter& in, const Value& subject, const Arguments& arguments) {
    if (!arguments.named.empty()) fault("format takes no named arguments here");
    return formatted(printed(subject, in.budget()), arguments.positional, in.budget());
}

Value wordCount(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "wordcount");
    const std::string text = printed(subject, in.budget());
    in.budget().charge(text.size() * 16);
    std::int64_t count = 0;
    bool inWord = false;
    for (const std::string_view character : characters(text)) {
        const bool letter = isLetter(character) || isDigit(character) || character == "_";
        if (letter && !inWord) ++count;
        inWord = letter;
    }
    return Value(count);
}

Value tojson(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(4, {"ensure_ascii", "indent", "separators", "sort_keys"}, "tojson");
    JsonStyle style;
    style.escapeNonAscii = flagArgument(arguments, 0, "ensure_ascii", false);
    style.sortKeys = flagArgument(arguments, 3, "sort_keys", false);
    const Value* indent = arguments.find(1, "indent");
    if (indent != nullptr && !indent->defined().isNone()) {
        const std::int64_t width = indent->isString() ? 0 : integerArgument(arguments, 1, "indent", 0);
        if (width > 1000) fault("tojson is asked for an indent of {}; at most 1000 are allowed", width);
        style.indent.emplace(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
        if (indent->isString()) style.indent = indent->string();
        style.itemSeparator.resize(1);  // a line end follows instead of the space
    }
    const Value* separators = arguments.find(2, "separators");
    if (separators != nullptr && !separators->defined().isNone()) {
        const Values pair = itemsOf(*separators, in.budget());
        if (pair.size() != 2 || !pair[0].isString() || !pair[1].isString()) {
            fault("tojson needs two strings as separators");
        }
        style.itemSeparator = pair[0].string();
        style.keySeparator = pair[1].string();
    }
    return Value::string(jsonText(subject, style, in.budget()), in.budget());
}

}  // namespace

std::span<const FilterEntry> textFilters() {
    static constexpr std::array<FilterEntry, 16> kTable{{{"trim", trim},
                                                         {"string", string},
                                                         {"safe", safe},
                                                         {"upper", mapped<upperCase>},
                                                         {"lower", mapped<lowerCase>},
                                                         {"capitalize", mapped<capitalised>},
                                                         {"title", title},
                                                         {"replace", replace},
                                                         {"join", join},
                                                         {"indent", indent},
                                                         {"escape", escape},
                                                         {"e", escape},
                                                         {"forceescape", escape},
                                                         {"format", format},
                                                         {"wordcount", wordCount},
                                                         {"tojson", tojson}}};
    return kTable;
}

}  // namespace kvscope::text
