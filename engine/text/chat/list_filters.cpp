// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "engine/text/chat/filters.h"
#include "engine/text/chat/methods.h"
#include "engine/text/chat/operators.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"

namespace kvscope::text {

namespace {

Value iterator(Values items, Interpreter& in) {
    return Value::list(std::move(items), in.budget(), ListFlavour::Iterator);
}

const std::string& namedText(const Arguments& arguments, std::size_t position, std::string_view what) {
    const Value* value = arguments.find(position, "");
    if (value == nullptr || !value->isString()) fault("{}", what);
    return value->string();
}

Arguments from(const Arguments& arguments, std::size_t position, Budget& budget) {
    Arguments rest;
    budget.charge((arguments.positional.size() + arguments.named.size()) * sizeof(Value));
    for (std::size_t i = position; i < arguments.positional.size(); ++i)
        rest.positional.push_back(arguments.positional[i]);
    rest.named = arguments.named;
    return rest;
}

/// select, reject, selectattr, rejectattr.
template <bool kKeep, bool kByAttribute>
Value select(Interpreter& in, const Value& subject, const Arguments& arguments) {
    constexpr std::size_t kTest = kByAttribute ? 1 : 0;
    if (kByAttribute && arguments.positional.empty()) fault("selectattr and rejectattr need a member's name");
    const bool hasTest = arguments.positional.size() > kTest;
    const std::string test =
        hasTest ? namedText(arguments, kTest, "the name of a test must be a string") : std::string();
    const Arguments rest = from(arguments, kTest + 1, in.budget());
    Values kept;
    for (const Value& item : itemsOf(subject, in.budget())) {
        const Value value = kByAttribute ? attributePath(in, item, arguments.positional[0]) : item;
        const bool found = hasTest ? in.applyTest(test, value, rest) : truth(value);
        if (found == kKeep) kept.push_back(item);
    }
    return iterator(std::move(kept), in);
}

Value map(Interpreter& in, const Value& subject, const Arguments& arguments) {
    Values mapped;
    const Value* attribute = arguments.positional.empty() ? arguments.find(0, "attribute") : nullptr;
    if (attribute != nullptr) {
        arguments.expectAtMost(0, {"attribute", "default"}, "map");
        const Value* fallback = arguments.find(1, "default");
        for (const Value& item : itemsOf(subject, in.budget())) {
            Value value = attributePath(in, item, *attribute);
            mapped.push_back(value.isUndefined() && fallback != nullptr ? *fallback : std::move(value));
        }
        return iterator(std::move(mapped), in);
    }
    const std::string& filter = namedText(arguments, 0, "map needs the name of a filter or an attribute");
    const Arguments rest = from(arguments, 1, in.budget());
    for (const Value& item : itemsOf(subject, in.budget())) mapped.push_back(in.applyFilter(filter, item, rest));
    return iterator(std::move(mapped), in);
}

Value list(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "list");
    return Value::list(itemsOf(subject, in.budget()), in.budget());
}

Value length(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "length");
    return Value(lengthOf(subject, in.budget()));
}

template <bool kLast>
Value end(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "first or last");
    const Values items = itemsOf(subject, in.budget());
    if (items.empty()) return Value::undefined("there is no item, so none is first or last");
    return kLast ? items.back() : items.front();
}

Value reverse(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "reverse");
    if (subject.isString()) return slice(subject, {.begin = {}, .end = {}, .step = -1}, in.budget());
    Values items = itemsOf(subject.defined(), in.budget());
    std::ranges::reverse(items);
    return iterator(std::move(items), in);
}

/// What a value is sorted and compared by: strings without case unless asked otherwise.
Value sortKey(Interpreter& in, const Value& value, bool caseSensitive) {
    if (caseSensitive || !value.isString()) return value;
    return Value::string(lowerCase(value.string()), in.budget());
}

using Keyed = std::pair<Value, Value>;  // key, item

std::vector<Keyed> keyed(Interpreter& in, const Value& subject, const Value* attribute, bool caseSensitive) {
    std::vector<Keyed> list;
    for (const Value& item : itemsOf(subject, in.budget())) {
        const Value key = attribute == nullptr || attribute->isNone() ? item : attributePath(in, item, *attribute);
        list.emplace_back(sortKey(in, key, caseSensitive), item);
    }
    return list;
}

void sortKeyed(std::vector<Keyed>& list, bool reverse, Budget& budget) {
    std::ranges::stable_sort(list, [&](const Keyed& a, const Keyed& b) {
        return std::is_lt(reverse ? order(b.first, a.first, budget) : order(a.first, b.first, budget));
    });
}

Values itemsOfKeyed(std::vector<Keyed>& list) {
    Values items;
    for (Keyed& entry : list) items.push_back(std::move(entry.second));
    return items;
}

Value sort(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(3, {"reverse", "case_sensitive", "attribute"}, "sort");
    std::vector<Keyed> entries =
        keyed(in, subject, arguments.find(2, "attribute"), flagArgument(arguments, 1, "case_sensitive", false));
    sortKeyed(entries, flagArgument(arguments, 0, "reverse", false), in.budget());
    return Value::list(itemsOfKeyed(entries), in.budget());
}

Value dictSort(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(3, {"case_sensitive", "by", "reverse"}, "dictsort");
    if (!subject.defined().isDict()) fault("dictsort needs a dictionary, not {}", subject.typeName());
    const std::string* by = textArgument(arguments, 1, "by");
    const bool caseSensitive = flagArgument(arguments, 0, "case_sensitive", false);
    std::vector<Keyed> entries;
    for (const auto& [key, value] : subject.dict().items) {
        const Value& chosen = by != nullptr && *by == "value" ? value : key;
        entries.emplace_back(sortKey(in, chosen, caseSensitive),
                             Value::list({key, value}, in.budget(), ListFlavour::Tuple));
    }
    sortKeyed(entries, flagArgument(arguments, 2, "reverse", false), in.budget());
    return Value::list(itemsOfKeyed(entries), in.budget());
}

Value unique(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"case_sensitive", "attribute"}, "unique");
    Values seen, kept;
    for (auto& [key, item] :
         keyed(in, subject, arguments.find(1, "attribute"), flagArgument(arguments, 0, "case_sensitive", false))) {
        const bool known =
            std::ranges::any_of(seen, [&, &k = key](const Value& other) { return equal(k, other, in.budget()); });
        if (known) continue;
        seen.push_back(key);
        kept.push_back(item);
    }
    return iterator(std::move(kept), in);
}

template <bool kMax>
Value extreme(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"case_sensitive", "attribute"}, "min or max");
    const std::vector<Keyed> entries =
        keyed(in, subject, arguments.find(1, "attribute"), flagArgument(arguments, 0, "case_sensitive", false));
    if (entries.empty()) return Value::undefined("there is no item, so none is the least or the greatest");
    const Keyed* best = &entries.front();
    for (const Keyed& entry : entries) {
        const std::partial_ordering found = order(entry.first, best->first, in.budget());
        if (kMax ? std::is_gt(found) : std::is_lt(found)) best = &entry;
    }
    return best->second;
}

Value sum(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"attribute", "start"}, "sum");
    const Value* attribute = arguments.find(0, "attribute");
    const Value* start = arguments.find(1, "start");
    Value total = start != nullptr ? *start : Value(std::int64_t{0});
    for (const Value& item : itemsOf(subject, in.budget())) {
        const bool whole = attribute == nullptr || attribute->isNone();
        total = binary("+", total, whole ? item : attributePath(in, item, *attribute), in.budget());
    }
    return total;
}

Value items(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "items");
    if (subject.isUndefined()) return iterator({}, in);
    if (!subject.isDict()) fault("items needs a dictionary, not {}", subject.typeName());
    const Value pairs = findMethod(subject, "items")(subject, {}, in.budget());
    return iterator(pairs.list().items, in);
}

}  // namespace

Value attributePath(Interpreter& interpreter, const Value& item, const Value& path) {
    if (path.isInt()) return interpreter.item(item, path);
    if (!path.isString()) fault("the name of a member must be a string or an integer, not {}", path.typeName());
    Value value = item;
    std::string_view rest = path.string();
    for (bool more = true; more && !value.isUndefined();) {
        const std::size_t dot = rest.find('.');
        const std::string name(rest.substr(0, dot));
        more = dot != std::string_view::npos;
        if (more) rest.remove_prefix(dot + 1);
        std::int64_t index = 0;
        const auto [last, error] = std::from_chars(name.data(), name.data() + name.size(), index);
        const bool digits = !name.empty() && error == std::errc{} && last == name.data() + name.size();
        const Value key = digits ? Value(index) : Value::string(name, interpreter.budget());
        value = interpreter.item(value, key);
    }
    return value;
}

std::span<const FilterEntry> listFilters() {
    static constexpr std::array<FilterEntry, 18> kTable{{{"length", length},
                                                         {"count", length},
                                                         {"first", end<false>},
                                                         {"last", end<true>},
                                                         {"list", list},
                                                         {"map", map},
                                                         {"select", select<true, false>},
                                                         {"reject", select<false, false>},
                                                         {"selectattr", select<true, true>},
                                                         {"rejectattr", select<false, true>},
                                                         {"items", items},
                                                         {"reverse", reverse},
                                                         {"sort", sort},
                                                         {"dictsort", dictSort},
                                                         {"unique", unique},
                                                         {"min", extreme<false>},
                                                         {"max", extreme<true>},
                                                         {"sum", sum}}};
    return kTable;
}

}  // namespace kvscope::text
