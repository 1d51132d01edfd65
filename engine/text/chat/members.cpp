// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "engine/text/chat/methods.h"
#include "engine/text/chat/objects.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

/// The method as a value that can be called, or nothing.
std::optional<Value> boundMethod(const Value& object, const std::string& name, Interpreter& interpreter) {
    const Method method = findMethod(object, name);
    if (method == nullptr) return std::nullopt;
    return Value(&interpreter.makeObject<Function>(name, [object, method](const Arguments& arguments, Interpreter& in) {
        return method(object, arguments, in.budget());
    }));
}

Value missing(const Value& object, std::string_view name) {
    return Value::undefined(fmt::format("a value of type {} has no member '{}'", object.typeName(), name));
}

Value itemAt(const Value& object, std::int64_t index, Budget& budget) {
    std::vector<std::string_view> text;
    if (object.isString()) {
        budget.charge(object.string().size() * 2);
        text = characters(object.string());
    }
    const auto size = static_cast<std::int64_t>(object.isString() ? text.size() : object.list().items.size());
    const std::int64_t at = index < 0 ? index + size : index;
    if (at < 0 || at >= size) {
        return Value::undefined(
            fmt::format("a value of type {} with {} items has none at index {}", object.typeName(), size, index));
    }
    const auto place = static_cast<std::size_t>(at);
    return object.isString() ? Value::string(std::string(text[place]), budget) : object.list().items[place];
}

}  // namespace

Value Interpreter::attribute(const Value& object, const std::string& name) {
    object.defined();
    if (object.isObject()) return object.object().attribute(name, *this);
    if (auto method = boundMethod(object, name, *this)) return *method;
    if (object.isDict()) {
        m_budget.charge(object.dict().items.size());
        if (const Value* found = object.member(name)) return *found;
    }
    return missing(object, name);
}

Value Interpreter::item(const Value& object, const Value& key) {
    object.defined();
    if (object.isDict()) {
        if (const Value* found = lookUp(object, key, m_budget)) return *found;
    }
    const bool indexed = object.isString() || (object.isList() && (object.list().flavour == ListFlavour::List ||
                                                                   object.list().flavour == ListFlavour::Tuple));
    if (indexed && (key.isInt() || key.isBool())) return itemAt(object, key.integer(), m_budget);
    if (!key.isString()) return missing(object, printed(key, m_budget).substr(0, 60));
    if (object.isObject()) return object.object().attribute(key.string(), *this);
    if (auto method = boundMethod(object, key.string(), *this)) return *method;
    return missing(object, key.string().substr(0, 60));
}

}  // namespace kvscope::text
