// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/interpreter.h"
#include "engine/text/chat/interpreter_guards.h"
#include "engine/text/chat/operators.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

using Kind = ExpressionKind;

Value Interpreter::evaluate(const Expression& node) {
    const DepthGuard depth(*this);
    m_budget.charge(32);
    try {
        return evaluateNode(node);
    } catch (TemplateFault& fault) {
        if (fault.line == 0) fault.line = node.line;
        throw;
    }
}

Value Interpreter::evaluateNode(const Expression& node) {
    const auto part = [&](std::size_t at) { return evaluate(*node.parts[at]); };
    switch (node.kind) {
        case Kind::Constant:
            return node.constant;
        case Kind::Name:
            return evaluateName(node);
        case Kind::List:
        case Kind::Tuple:
            return evaluateSequence(node);
        case Kind::Dict:
            return evaluateDict(node);
        case Kind::Attribute:
            return attribute(part(0), node.text);
        case Kind::Item: {
            const Value object = part(0);
            return item(object, part(1));
        }
        case Kind::Slice:
            return evaluateSlice(node);
        case Kind::Call:
            return evaluateCall(node);
        case Kind::Filter:
            return evaluateFilter(node, nullptr);
        case Kind::Test:
            return evaluateTest(node);
        case Kind::Sign:
            return signOf(node.text, part(0));
        case Kind::Not:
            return Value(!truth(part(0)));
        case Kind::And: {
            Value left = part(0);
            return truth(left) ? part(1) : left;
        }
        case Kind::Or: {
            Value left = part(0);
            return truth(left) ? left : part(1);
        }
        case Kind::Binary: {
            const Value left = part(0);
            return binary(node.text, left, part(1), m_budget);
        }
        case Kind::Concat:
            return evaluateConcat(node);
        case Kind::Compare:
            return evaluateCompare(node);
        case Kind::Conditional:
            return evaluateConditional(node);
    }
    fault("an expression of an unknown kind");
}

Value Interpreter::evaluateName(const Expression& node) {
    const Value* found = m_scope->find(node.text, m_budget);
    return found != nullptr ? *found : Value::undefined(fmt::format("'{}' is undefined", node.text));
}

Value Interpreter::evaluateSequence(const Expression& node) {
    Values items;
    for (const ExpressionPtr& part : node.parts) items.push_back(evaluate(*part));
    return Value::list(std::move(items), m_budget, node.kind == Kind::Tuple ? ListFlavour::Tuple : ListFlavour::List);
}

Value Interpreter::evaluateDict(const Expression& node) {
    std::vector<ValuePair> items;
    for (std::size_t i = 0; i + 1 < node.parts.size(); i += 2) {
        Value key = evaluate(*node.parts[i]);
        items.emplace_back(std::move(key), evaluate(*node.parts[i + 1]));
    }
    return Value::dict(items, m_budget);
}

Value Interpreter::evaluateSlice(const Expression& node) {
    const Value object = evaluate(*node.parts[0]);
    SliceBounds bounds;
    const auto bound = [&](std::size_t at) -> std::optional<std::int64_t> {
        if (!node.parts[at]) return std::nullopt;
        const Value value = evaluate(*node.parts[at]);
        if (value.defined().isNone()) return std::nullopt;
        if (!value.isInt() && !value.isBool())
            fault("the bound of a slice must be an integer, not {}", value.typeName());
        return value.integer();
    };
    bounds.begin = bound(1);
    bounds.end = bound(2);
    bounds.step = bound(3).value_or(1);
    return slice(object, bounds, m_budget);
}

Arguments Interpreter::argumentsOf(const Expression& node) {
    Arguments arguments;
    for (std::size_t i = 1; i < node.parts.size(); ++i) arguments.positional.push_back(evaluate(*node.parts[i]));
    for (const auto& [name, part] : node.named) arguments.named.emplace_back(name, evaluate(*part));
    return arguments;
}

Value Interpreter::evaluateCall(const Expression& node) {
    const Value callee = evaluate(*node.parts.front());
    const Arguments arguments = argumentsOf(node);
    callee.defined();
    if (!callee.isObject()) fault("a value of type {} cannot be called", callee.typeName());
    return callee.object().call(arguments, *this);
}

/// subject: of the innermost filter of a block, which has no expression of its own.
Value Interpreter::evaluateFilter(const Expression& node, const Value* subject) {
    if (node.kind != Kind::Filter) return evaluate(node);
    const DepthGuard depth(*this);
    const ExpressionPtr& inner = node.parts.front();
    const Value value = inner ? (subject != nullptr ? evaluateFilter(*inner, subject) : evaluate(*inner)) : *subject;
    return applyFilter(node.text, value, argumentsOf(node));
}

Value Interpreter::evaluateTest(const Expression& node) {
    const Value subject = evaluate(*node.parts.front());
    return Value(applyTest(node.text, subject, argumentsOf(node)));
}

Value Interpreter::evaluateConcat(const Expression& node) {
    std::string text;
    for (const ExpressionPtr& part : node.parts) text += printed(evaluate(*part), m_budget);
    return Value::string(std::move(text), m_budget);
}

Value Interpreter::evaluateCompare(const Expression& node) {
    Value left = evaluate(*node.parts.front());
    for (std::size_t i = 0; i < node.operators.size(); ++i) {
        Value right = evaluate(*node.parts[i + 1]);
        if (!compares(node.operators[i], left, right, m_budget)) return Value(false);
        left = std::move(right);
    }
    return Value(true);
}

Value Interpreter::evaluateConditional(const Expression& node) {
    if (truth(evaluate(*node.parts[0]))) return evaluate(*node.parts[1]);
    if (node.parts[2]) return evaluate(*node.parts[2]);
    return Value::undefined("the condition is false and there is no 'else'");
}

}  // namespace kvscope::text
