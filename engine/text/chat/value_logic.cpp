// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/value_logic.h"

#include <algorithm>

#include "engine/text/chat/unicode_text.h"

namespace kvscope::text {

namespace {

bool sameFamily(ListFlavour a, ListFlavour b) {
    return (a == ListFlavour::Tuple) == (b == ListFlavour::Tuple);
}

bool equalLists(const ListData& a, const ListData& b, Budget& budget) {
    if (!sameFamily(a.flavour, b.flavour) || a.items.size() != b.items.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!equal(a.items[i], b.items[i], budget)) return false;
    }
    return true;
}

bool equalDicts(const Value& a, const Value& b, Budget& budget) {
    if (a.dict().items.size() != b.dict().items.size()) return false;
    return std::ranges::all_of(a.dict().items, [&](const ValuePair& pair) {
        const Value* other = lookUp(b, pair.first, budget);
        return other != nullptr && equal(pair.second, *other, budget);
    });
}

std::partial_ordering orderNumbers(const Value& a, const Value& b) {
    if (a.isFloat() || b.isFloat()) return a.real() <=> b.real();
    return a.integer() <=> b.integer();
}

}  // namespace

bool truth(const Value& value) {
    if (value.isUndefined() || value.isNone()) return false;
    if (value.isNumber()) return value.real() != 0;
    if (value.isString()) return !value.string().empty();
    if (value.isDict()) return !value.dict().items.empty();
    if (value.isList()) return value.isIterator() || !value.list().items.empty();
    return true;
}

bool equal(const Value& a, const Value& b, Budget& budget) {
    budget.charge(4);
    if (a.isNumber() && b.isNumber()) return orderNumbers(a, b) == std::partial_ordering::equivalent;
    if (a.isString() && b.isString()) {
        if (a.string().size() != b.string().size()) return false;
        budget.charge(a.string().size() / 8);
        return a.string() == b.string();
    }
    if (a.isList() && b.isList()) return &a.list() == &b.list() || equalLists(a.list(), b.list(), budget);
    if (a.isDict() && b.isDict()) return &a.dict() == &b.dict() || equalDicts(a, b, budget);
    if (a.isObject() && b.isObject()) return &a.object() == &b.object();
    return (a.isNone() && b.isNone()) || (a.isUndefined() && b.isUndefined());
}

std::partial_ordering order(const Value& a, const Value& b, Budget& budget) {
    budget.charge(4);
    a.defined();
    b.defined();
    if (a.isNumber() && b.isNumber()) return orderNumbers(a, b);
    if (a.isString() && b.isString()) {
        budget.charge(std::min(a.string().size(), b.string().size()) / 8);
        return a.string() <=> b.string();  // UTF-8 sorts as its code points do
    }
    if (a.isList() && b.isList() && sameFamily(a.list().flavour, b.list().flavour)) {
        const Values &left = a.list().items, &right = b.list().items;
        for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
            if (!equal(left[i], right[i], budget)) return order(left[i], right[i], budget);
        }
        return left.size() <=> right.size();
    }
    fault("values of types {} and {} have no order", a.typeName(), b.typeName());
}

bool contains(const Value& container, const Value& item, Budget& budget) {
    if (container.isString()) {
        if (!item.defined().isString())
            fault("only a string can be in a string, not a value of type {}", item.typeName());
        budget.charge((container.string().size() + item.string().size()) / 8);
        return findText(container.string(), item.string(), 0) != std::string::npos;
    }
    if (container.isDict()) return lookUp(container, item, budget) != nullptr;
    if (container.isList()) {
        return std::ranges::any_of(container.list().items,
                                   [&](const Value& value) { return equal(value, item, budget); });
    }
    if (container.isUndefined()) return false;
    fault("nothing can be in a value of type {}", container.typeName());
}

Values itemsOf(const Value& value, Budget& budget) {
    Values items;
    if (value.isUndefined()) return items;
    if (value.isList()) {
        budget.charge(value.list().items.size() * sizeof(Value));
        return value.list().items;
    }
    if (value.isDict()) {
        budget.charge(value.dict().items.size() * sizeof(Value));
        for (const auto& pair : value.dict().items) items.push_back(pair.first);
        return items;
    }
    if (!value.isString()) fault("a value of type {} has no items to go through", value.typeName());
    budget.charge(value.string().size() * sizeof(Value));
    for (const std::string_view character : characters(value.string())) {
        items.push_back(Value::string(std::string(character), budget));
    }
    return items;
}

std::int64_t lengthOf(const Value& value, Budget& budget) {
    if (value.isUndefined()) return 0;
    if (value.isDict()) return static_cast<std::int64_t>(value.dict().items.size());
    if (value.isList() && !value.isIterator()) return static_cast<std::int64_t>(value.list().items.size());
    if (!value.isString()) fault("a value of type {} has no length", value.typeName());
    budget.charge(value.string().size() / 8);
    return static_cast<std::int64_t>(characterCount(value.string()));
}

const Value* lookUp(const Value& dict, const Value& key, Budget& budget) {
    for (const auto& [name, item] : dict.dict().items) {
        if (equal(name, key, budget)) return &item;
    }
    return nullptr;
}

}  // namespace kvscope::text
