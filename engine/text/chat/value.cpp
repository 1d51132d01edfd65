// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/value.h"

#include <algorithm>

#include "engine/text/chat/value_logic.h"

namespace kvscope::text {

namespace {

constexpr std::uint64_t kNodeBytes = 64;  // of a list or dictionary itself

std::size_t checkedDepth(std::size_t inner) {
    if (inner >= kMaxValueDepth) fault("a value is nested deeper than {} lists", kMaxValueDepth);
    return inner + 1;
}

}  // namespace

Value Value::undefined(std::string what) {
    Value value;
    value.m_data = Undefined{std::make_shared<const std::string>(std::move(what))};
    return value;
}

Value Value::string(std::string text, Budget& budget) {
    budget.charge(text.size() + kNodeBytes);
    Value value;
    value.m_data = std::make_shared<const std::string>(std::move(text));
    return value;
}

Value Value::list(Values items, Budget& budget, ListFlavour flavour) {
    budget.charge(items.size() * sizeof(Value) + kNodeBytes);
    std::size_t depth = 0;
    for (const Value& item : items) depth = std::max(depth, item.depth());
    Value value;
    value.m_data = std::make_shared<const ListData>(std::move(items), flavour, checkedDepth(depth));
    return value;
}

Value Value::dict(const std::vector<ValuePair>& items, Budget& budget) {
    budget.charge(items.size() * sizeof(ValuePair) + kNodeBytes);
    std::vector<ValuePair> unique;
    std::size_t depth = 0;
    for (const auto& [key, item] : items) {
        if (!key.isString() && !key.isNumber() && !key.isNone()) {
            fault("a value of type {} cannot be the key of a dictionary", key.typeName());
        }
        depth = std::max(depth, item.depth());
        const auto same =
            std::ranges::find_if(unique, [&](const ValuePair& pair) { return equal(pair.first, key, budget); });
        if (same == unique.end()) {
            unique.emplace_back(key, item);
        } else {
            same->second = item;
        }
    }
    Value value;
    value.m_data = std::make_shared<const DictData>(std::move(unique), checkedDepth(depth));
    return value;
}

std::int64_t Value::integer() const {
    return isBool() ? std::int64_t{boolean()} : std::get<std::int64_t>(m_data);
}

double Value::real() const {
    return isFloat() ? std::get<double>(m_data) : static_cast<double>(integer());
}

std::size_t Value::depth() const {
    if (isList()) return list().depth;
    return isDict() ? dict().depth : 0;
}

std::string_view Value::typeName() const {
    if (isUndefined()) return "Undefined";
    if (isNone()) return "NoneType";
    if (isBool()) return "bool";
    if (isInt()) return "int";
    if (isFloat()) return "float";
    if (isString()) return "str";
    if (isDict()) return "dict";
    if (isObject()) return "object";
    switch (list().flavour) {
        case ListFlavour::Tuple:
            return "tuple";
        case ListFlavour::Iterator:
            return "generator";
        case ListFlavour::DictKeys:
            return "dict_keys";
        case ListFlavour::DictValues:
            return "dict_values";
        case ListFlavour::DictItems:
            return "dict_items";
        case ListFlavour::List:
            break;
    }
    return "list";
}

const Value& Value::defined() const {
    if (isUndefined()) fault("{}", undefinedWhat());
    return *this;
}

const Value* Value::member(std::string_view key) const {
    if (!isDict()) return nullptr;
    for (const auto& [name, item] : dict().items) {
        if (name.isString() && name.string() == key) return &item;
    }
    return nullptr;
}

const Value* Arguments::find(std::size_t position, std::string_view name) const {
    if (position < positional.size()) return &positional[position];
    for (const auto& [key, value] : named) {
        if (key == name) return &value;
    }
    return nullptr;
}

void Arguments::expectAtMost(std::size_t count, std::initializer_list<std::string_view> names,
                             std::string_view what) const {
    if (positional.size() > count) {
        fault("{} takes at most {} arguments, {} are given", what, count, positional.size());
    }
    for (const auto& [key, value] : named) {
        if (std::ranges::find(names, key) == names.end()) fault("{} knows no argument named '{}'", what, key);
    }
}

Value TemplateObject::attribute(const std::string& name, Interpreter& /*interpreter*/) {
    return Value::undefined(fmt::format("{} has no member '{}'", describe(), name));
}

Value TemplateObject::call(const Arguments& /*arguments*/, Interpreter& /*interpreter*/) {
    fault("{} cannot be called", describe());
}

}  // namespace kvscope::text
