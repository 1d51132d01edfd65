// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/interpreter.h"

#include <algorithm>

#include "engine/text/chat/interpreter_guards.h"
#include "engine/text/chat/objects.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

const Value* Scope::find(const std::string& name, Budget& budget) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
        budget.charge(scope->names.size());
        for (const auto& [known, value] : scope->names) {
            if (known == name) return &value;
        }
    }
    return nullptr;
}

void Scope::set(const std::string& name, Value value, Budget& budget) {
    budget.charge(names.size() + sizeof(std::pair<std::string, Value>));
    const auto found = std::ranges::find(names, name, &std::pair<std::string, Value>::first);
    if (found == names.end()) {
        names.emplace_back(name, std::move(value));
    } else {
        found->second = std::move(value);
    }
}

Interpreter::Interpreter(const ChatLimits& limits, Budget& budget) : m_limits(limits), m_budget(budget) {
    m_globals = makeScope(nullptr);
    m_scope = makeScope(m_globals);
}

Scope* Interpreter::makeScope(Scope* outer) {
    m_budget.charge(sizeof(Scope) + 64);
    m_scopes.push_back({outer, {}});
    return &m_scopes.back();
}

std::string Interpreter::render(const Block& block) {
    return captured(block);
}

std::string Interpreter::captured(const Block& block) {
    std::string text;
    std::string* outer = std::exchange(m_out, &text);
    const Flow flow = execute(block);
    m_out = outer;
    if (flow != Flow::Normal) fault("'break' or 'continue' cannot leave a block that is captured");
    return text;
}

void Interpreter::print(std::string_view text) {
    m_budget.charge(text.size());
    if (text.size() > m_limits.outputBytes - std::min(m_out->size(), m_limits.outputBytes)) {
        fault("the template prints more than the {} bytes that are allowed", m_limits.outputBytes);
    }
    m_out->append(text);
}

Interpreter::Flow Interpreter::execute(const Block& block) {
    for (const StatementPtr& statement : block) {
        if (const Flow flow = execute(*statement); flow != Flow::Normal) return flow;
    }
    return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const Statement& statement) {
    const DepthGuard depth(*this);
    m_budget.charge(32);
    try {
        switch (statement.kind) {
            case StatementKind::Data:
                print(statement.text);
                break;
            case StatementKind::Output:
                print(printed(evaluate(*statement.value), m_budget));
                break;
            case StatementKind::If:
                return executeIf(statement);
            case StatementKind::For:
                return executeFor(statement);
            case StatementKind::Set:
                assign(statement.target, evaluate(*statement.value));
                break;
            case StatementKind::SetBlock:
                executeSetBlock(statement);
                break;
            case StatementKind::With:
                return executeWith(statement);
            case StatementKind::Macro:
                m_scope->set(statement.text, Value(&makeObject<Macro>(statement.text, statement, m_scope)), m_budget);
                break;
            case StatementKind::CallBlock:
                executeCallBlock(statement);
                break;
            case StatementKind::FilterBlock: {
                const Value text = Value::string(captured(statement.body), m_budget);
                print(printed(evaluateFilter(*statement.value, &text), m_budget));
                break;
            }
            case StatementKind::Group:
                return execute(statement.body);
            case StatementKind::Break:
                return Flow::Break;
            case StatementKind::Continue:
                return Flow::Continue;
        }
    } catch (TemplateFault& fault) {
        if (fault.line == 0) fault.line = statement.line;
        throw;
    }
    return Flow::Normal;
}

Interpreter::Flow Interpreter::executeIf(const Statement& statement) {
    for (const Branch& branch : statement.branches) {
        if (!branch.condition || truth(evaluate(*branch.condition))) return execute(branch.body);
    }
    return Flow::Normal;
}

/// The items of a loop that its filter lets through.
Values Interpreter::filteredItems(const Statement& statement) {
    Values items = itemsOf(evaluate(*statement.value), m_budget);
    if (!statement.condition) return items;
    const ScopeGuard scope(*this, makeScope(m_scope));
    Values kept;
    for (Value& item : items) {
        m_scope->names.clear();
        assign(statement.target, item);
        if (truth(evaluate(*statement.condition))) kept.push_back(std::move(item));
    }
    return kept;
}

Interpreter::Flow Interpreter::executeFor(const Statement& statement) {
    LoopState& loop = makeObject<LoopState>(filteredItems(statement));
    if (loop.items().empty()) return execute(statement.otherwise);
    const ScopeGuard scope(*this, makeScope(m_scope));
    for (; loop.index() < loop.items().size(); loop.advance()) {
        m_budget.charge(32);
        m_scope->names.clear();
        m_scope->set("loop", Value(&loop), m_budget);
        assign(statement.target, loop.items()[loop.index()]);
        if (execute(statement.body) == Flow::Break) break;
    }
    return Flow::Normal;
}

Interpreter::Flow Interpreter::executeWith(const Statement& statement) {
    std::vector<std::pair<std::string, Value>> names;
    for (const Parameter& parameter : statement.parameters) {
        names.emplace_back(parameter.name, evaluate(*parameter.fallback));
    }
    const ScopeGuard scope(*this, makeScope(m_scope));
    m_scope->names = std::move(names);
    return execute(statement.body);
}

void Interpreter::executeSetBlock(const Statement& statement) {
    Scope* outer = m_scope;
    Value text;
    {
        const ScopeGuard scope(*this, makeScope(outer));
        text = Value::string(captured(statement.body), m_budget);
    }
    if (statement.value) text = evaluateFilter(*statement.value, &text);
    assign(statement.target, text);
}

void Interpreter::executeCallBlock(const Statement& statement) {
    Value caller(&makeObject<Macro>("caller", statement, m_scope));
    const Expression& call = *statement.value;
    Arguments arguments = argumentsOf(call);
    arguments.named.emplace_back("caller", std::move(caller));
    const Value callee = evaluate(*call.parts.front());
    if (!callee.isObject()) fault("a value of type {} cannot be called", callee.typeName());
    print(printed(callee.object().call(arguments, *this), m_budget));
}

void Interpreter::assign(const Target& target, const Value& value) {
    if (!target.parts.empty()) {
        const Values items = itemsOf(value.defined(), m_budget);
        if (items.size() != target.parts.size()) {
            fault("{} values cannot be taken apart into {} names", items.size(), target.parts.size());
        }
        for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
        return;
    }
    if (target.member.empty()) {
        m_scope->set(target.name, value, m_budget);
        return;
    }
    const Value* object = m_scope->find(target.name, m_budget);
    auto* space = object != nullptr && object->isObject() ? dynamic_cast<Namespace*>(&object->object()) : nullptr;
    if (space == nullptr) fault("'{}' is no namespace, so its member '{}' cannot be set", target.name, target.member);
    space->set(target.member, value, m_budget);
}

Value Interpreter::callBody(const Block& body, Scope* closure, std::vector<std::pair<std::string, Value>> names,
                            const std::vector<Parameter>& parameters) {
    const DepthGuard depth(*this);
    const ScopeGuard scope(*this, makeScope(closure));
    m_scope->names = std::move(names);
    for (const Parameter& parameter : parameters) {
        const auto given = std::ranges::find(m_scope->names, parameter.name, &std::pair<std::string, Value>::first);
        if (given != m_scope->names.end()) continue;
        Value value = parameter.fallback
                          ? evaluate(*parameter.fallback)
                          : Value::undefined(fmt::format("the parameter '{}' was not given", parameter.name));
        m_scope->set(parameter.name, std::move(value), m_budget);
    }
    return Value::string(captured(body), m_budget);
}

}  // namespace kvscope::text
