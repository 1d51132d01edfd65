// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/objects.h"

#include <algorithm>

#include "engine/text/chat/value_logic.h"

namespace kvscope::text {

namespace {

Value number(std::size_t value) {
    return Value(static_cast<std::int64_t>(value));
}

}  // namespace

Value Namespace::attribute(const std::string& name, Interpreter& interpreter) {
    const Value* found = m_members.find(name, interpreter.budget());
    return found != nullptr ? *found : Value::undefined(fmt::format("the namespace has no member '{}'", name));
}

bool LoopState::changed(const Values& values, Budget& budget) {
    const bool same = m_hasLast && std::ranges::equal(values, m_last, [&](const Value& a, const Value& b) {
                          return equal(a, b, budget);
                      });
    m_hasLast = true;
    m_last = values;
    return !same;
}

Value LoopState::attribute(const std::string& name, Interpreter& interpreter) {
    const std::size_t size = m_items.size();
    if (name == "index") return number(m_index + 1);
    if (name == "index0") return number(m_index);
    if (name == "revindex") return number(size - m_index);
    if (name == "revindex0") return number(size - m_index - 1);
    if (name == "first") return Value(m_index == 0);
    if (name == "last") return Value(m_index + 1 == size);
    if (name == "length") return number(size);
    if (name == "depth") return number(1);  // it counts recursive loops, which are not supported
    if (name == "depth0") return number(0);
    if (name == "previtem") {
        return m_index > 0 ? m_items[m_index - 1] : Value::undefined("there is no previous item");
    }
    if (name == "nextitem") {
        return m_index + 1 < size ? m_items[m_index + 1] : Value::undefined("there is no next item");
    }
    if (name == "cycle") {
        return Value(&interpreter.makeObject<Function>("loop.cycle", [this](const Arguments& arguments, Interpreter&) {
            if (arguments.positional.empty()) fault("loop.cycle needs at least one value");
            return arguments.positional[m_index % arguments.positional.size()];
        }));
    }
    if (name == "changed") {
        return Value(
            &interpreter.makeObject<Function>("loop.changed", [this](const Arguments& arguments, Interpreter& in) {
                return Value(changed(arguments.positional, in.budget()));
            }));
    }
    return Value::undefined(fmt::format("the loop has no member '{}'", name));
}

Value Macro::call(const Arguments& arguments, Interpreter& interpreter) {
    const auto& parameters = m_definition.parameters;
    if (arguments.positional.size() > parameters.size()) {
        fault("{} takes at most {} arguments, {} are given", describe(), parameters.size(),
              arguments.positional.size());
    }
    std::vector<std::pair<std::string, Value>> names;
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
        names.emplace_back(parameters[i].name, arguments.positional[i]);
    }
    for (const auto& [name, value] : arguments.named) {
        const bool known =
            name == "caller" || std::ranges::find(parameters, name, &Parameter::name) != parameters.end();
        if (!known) fault("{} has no parameter '{}'", describe(), name);
        if (std::ranges::find(names, name, &std::pair<std::string, Value>::first) != names.end()) {
            fault("{} is given '{}' twice", describe(), name);
        }
        names.emplace_back(name, value);
    }
    return interpreter.callBody(m_definition.body, m_closure, std::move(names), parameters);
}

}  // namespace kvscope::text
