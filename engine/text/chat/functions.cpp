// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/functions.h"

#include "engine/text/chat/methods.h"
#include "engine/text/chat/objects.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

constexpr std::int64_t kMaxRange = 100000;  // that of Jinja's sandbox

Value range(const Arguments& arguments, Interpreter& in) {
    arguments.expectAtMost(3, {}, "range()");
    if (arguments.positional.empty()) fault("range() needs an integer");
    for (const Value& value : arguments.positional) {
        if (!value.defined().isInt() && !value.isBool()) fault("range() needs integers, not {}", value.typeName());
    }
    const bool single = arguments.positional.size() == 1;
    const std::int64_t begin = single ? 0 : arguments.positional[0].integer();
    const std::int64_t end = arguments.positional[single ? 0 : 1].integer();
    const std::int64_t step = arguments.positional.size() > 2 ? arguments.positional[2].integer() : 1;
    if (step == 0) fault("the step of range() is zero");
    Values items;
    for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
        if (static_cast<std::int64_t>(items.size()) >= kMaxRange) fault("range() has more than {} numbers", kMaxRange);
        items.emplace_back(i);
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return Value::list(std::move(items), in.budget());
}

std::vector<ValuePair> pairsOf(const Arguments& arguments, Interpreter& in, std::string_view what) {
    std::vector<ValuePair> pairs;
    if (arguments.positional.size() > 1) fault("{} takes at most one value without a name", what);
    if (!arguments.positional.empty()) {
        const Value& first = arguments.positional.front();
        if (first.isDict()) {
            pairs = first.dict().items;
        } else {
            for (const Value& item : itemsOf(first.defined(), in.budget())) {
                const Values pair = itemsOf(item, in.budget());
                if (pair.size() != 2) fault("{} needs pairs of a key and a value", what);
                pairs.emplace_back(pair[0], pair[1]);
            }
        }
    }
    for (const auto& [name, value] : arguments.named) pairs.emplace_back(Value::string(name, in.budget()), value);
    return pairs;
}

Value dict(const Arguments& arguments, Interpreter& in) {
    return Value::dict(pairsOf(arguments, in, "dict()"), in.budget());
}

Value makeNamespace(const Arguments& arguments, Interpreter& in) {
    Namespace& made = in.makeObject<Namespace>();
    for (const auto& [key, value] : pairsOf(arguments, in, "namespace()")) {
        made.set(printed(key, in.budget()), value, in.budget());
    }
    return Value(&made);
}

Value raiseException(const Arguments& arguments, Interpreter& in) {
    const std::string message = arguments.positional.empty() ? "" : printed(arguments.positional[0], in.budget());
    throw TemplateFault{message.substr(0, 1000), 0, true};
}

void define(Interpreter& interpreter, const std::string& name, Function::Body body) {
    interpreter.define(name, Value(&interpreter.makeObject<Function>(name, std::move(body))));
}

}  // namespace

void defineFunctions(Interpreter& interpreter, const std::tm& now) {
    define(interpreter, "range", range);
    define(interpreter, "dict", dict);
    define(interpreter, "namespace", makeNamespace);
    define(interpreter, "raise_exception", raiseException);
    define(interpreter, "strftime_now", [now](const Arguments& arguments, Interpreter& in) {
        const std::string* format = textArgument(arguments, 0, "format");
        if (format == nullptr) fault("strftime_now() needs a format");
        return Value::string(formatTime(*format, now, in.budget()), in.budget());
    });
}

}  // namespace kvscope::text
