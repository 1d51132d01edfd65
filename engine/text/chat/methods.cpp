// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/methods.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

Value pairItems(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "items()");
    Values items;
    for (const auto& [key, value] : self.dict().items) {
        items.push_back(Value::list({key, value}, budget, ListFlavour::Tuple));
    }
    return Value::list(std::move(items), budget, ListFlavour::DictItems);
}

Value keys(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "keys()");
    return Value::list(itemsOf(self, budget), budget, ListFlavour::DictKeys);
}

Value memberValues(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(0, {}, "values()");
    Values items;
    for (const auto& pair : self.dict().items) items.push_back(pair.second);
    return Value::list(std::move(items), budget, ListFlavour::DictValues);
}

Value get(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(2, {}, "get()");
    if (arguments.positional.empty()) fault("get() needs a key");
    if (const Value* found = lookUp(self, arguments.positional[0], budget)) return *found;
    return arguments.positional.size() > 1 ? arguments.positional[1] : Value();
}

Value copy(const Value& self, const Arguments& arguments, Budget& /*budget*/) {
    arguments.expectAtMost(0, {}, "copy()");
    return self;  // values never change
}

Value indexOf(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "index()");
    if (arguments.positional.empty()) fault("index() needs a value");
    const Values& items = self.list().items;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (equal(items[i], arguments.positional[0], budget)) return Value(static_cast<std::int64_t>(i));
    }
    fault("index() does not find the value in the list");
}

Value countOf(const Value& self, const Arguments& arguments, Budget& budget) {
    arguments.expectAtMost(1, {}, "count()");
    if (arguments.positional.empty()) fault("count() needs a value");
    return Value(static_cast<std::int64_t>(std::ranges::count_if(
        self.list().items, [&](const Value& item) { return equal(item, arguments.positional[0], budget); })));
}

Value refuse(const Value& self, const Arguments& /*arguments*/, Budget& /*budget*/) {
    fault("a method that changes a {} may not be called by a template", self.typeName());
}

using Table = std::pair<std::string_view, Method>;

Method findIn(std::span<const Table> table, std::string_view name) {
    const auto found = std::ranges::find(table, name, &Table::first);
    return found != table.end() ? found->second : nullptr;
}

}  // namespace

Method findMethod(const Value& self, std::string_view name) {
    static constexpr std::array<Table, 10> kDict{{{"items", pairItems},
                                                  {"keys", keys},
                                                  {"values", memberValues},
                                                  {"get", get},
                                                  {"copy", copy},
                                                  {"pop", refuse},
                                                  {"update", refuse},
                                                  {"setdefault", refuse},
                                                  {"clear", refuse},
                                                  {"popitem", refuse}}};
    static constexpr std::array<Table, 11> kList{{{"index", indexOf},
                                                  {"count", countOf},
                                                  {"copy", copy},
                                                  {"append", refuse},
                                                  {"extend", refuse},
                                                  {"insert", refuse},
                                                  {"pop", refuse},
                                                  {"remove", refuse},
                                                  {"reverse", refuse},
                                                  {"sort", refuse},
                                                  {"clear", refuse}}};
    if (self.isString()) return findTextMethod(name);
    if (self.isDict()) return findIn(kDict, name);
    if (!self.isList()) return nullptr;
    switch (self.list().flavour) {
        case ListFlavour::List:
            return findIn(kList, name);
        case ListFlavour::Tuple:
            return name == "index" || name == "count" ? findIn(kList, name) : nullptr;
        default:
            return nullptr;
    }
}

std::int64_t integerArgument(const Arguments& arguments, std::size_t position, std::string_view name,
                             std::int64_t fallback) {
    const Value* value = arguments.find(position, name);
    if (value == nullptr || value->defined().isNone()) return fallback;
    if (!value->isInt() && !value->isBool()) fault("an integer is needed, not a value of type {}", value->typeName());
    return value->integer();
}

const std::string* textArgument(const Arguments& arguments, std::size_t position, std::string_view name) {
    const Value* value = arguments.find(position, name);
    if (value == nullptr || value->defined().isNone()) return nullptr;
    if (!value->isString()) fault("a string is needed, not a value of type {}", value->typeName());
    return &value->string();
}

bool flagArgument(const Arguments& arguments, std::size_t position, std::string_view name, bool fallback) {
    const Value* value = arguments.find(position, name);
    return value == nullptr ? fallback : truth(*value);
}

Value replaceText(const std::string& text, const std::string& from, const std::string& to, std::int64_t count,
                  Budget& budget) {
    budget.charge(text.size());
    std::string out;
    const auto put = [&](std::string_view piece) {
        budget.charge(piece.size());
        out += piece;
    };
    std::size_t at = 0;
    std::int64_t done = 0;
    if (from.empty()) {  // between all characters
        for (const std::string_view character : characters(text)) {
            if (count < 0 || done < count) put(to);
            ++done;
            put(character);
        }
        if (count < 0 || done < count) put(to);
        return Value::string(std::move(out), budget);
    }
    for (; count < 0 || done < count; ++done) {
        const std::size_t found = findText(text, from, at);
        if (found == std::string::npos) break;
        put(std::string_view(text).substr(at, found - at));
        put(to);
        at = found + from.size();
    }
    put(std::string_view(text).substr(at));
    return Value::string(std::move(out), budget);
}

Value joinTexts(const Values& items, const std::string& separator, Budget& budget) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) {
            budget.charge(separator.size());
            out += separator;
        }
        out += printed(items[i], budget);
    }
    return Value::string(std::move(out), budget);
}

Value stripText(const std::string& text, const std::string* set, bool left, bool right, Budget& budget) {
    const StripSides sides{.left = left, .right = right};
    if (set == nullptr) {
        budget.charge(text.size());
        return Value::string(std::string(stripped(text, sides)), budget);
    }
    budget.charge(text.size() + set->size() * 16);
    if (set->size() > 64) budget.charge(text.size() * (set->size() / 16));
    return Value::string(std::string(strippedOf(text, *set, sides)), budget);
}

std::string titleCase(const std::string& text) {
    std::string out;
    bool inWord = false;
    for (const std::string_view character : characters(text)) {
        out += inWord ? lowerCase(character) : upperCase(character);
        inWord = isLetter(character);
    }
    return out;
}

}  // namespace kvscope::text
