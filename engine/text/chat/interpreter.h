// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/chat/syntax_tree.h"

namespace kvscope::text {

/// Names of a block of the template: the whole, a loop's turn, a macro's call.
struct Scope {
    Scope* outer = nullptr;
    std::vector<std::pair<std::string, Value>> names;

    /// In this block or those around it; nullptr when it is nowhere. Both take time by the number of names.
    [[nodiscard]] const Value* find(const std::string& name, Budget& budget) const;
    void set(const std::string& name, Value value, Budget& budget);
};

/// Renders statements within the limits. Owns every scope and object that a rendering makes, so that no cycle of
/// references can outlive it. One for a rendering; throws TemplateFault.
class Interpreter {
  public:
    Interpreter(const ChatLimits& limits, Budget& budget);

    void define(const std::string& name, Value value) { m_globals->set(name, std::move(value), m_budget); }
    /// Executes the template and returns what it printed.
    [[nodiscard]] std::string render(const Block& block);

    [[nodiscard]] Budget& budget() { return m_budget; }
    /// Makes an object that lives as long as the rendering.
    template <typename T, typename... Args>
    T& makeObject(Args&&... args) {
        m_budget.charge(sizeof(T) + 64);
        auto object = std::make_unique<T>(std::forward<Args>(args)...);
        T& reference = *object;
        m_objects.push_back(std::move(object));
        return reference;
    }
    /// Runs a body with the names and returns what it printed: a call of a macro.
    [[nodiscard]] Value callBody(const Block& body, Scope* closure, std::vector<std::pair<std::string, Value>> names,
                                 const std::vector<Parameter>& parameters);

    // Members and items as templates reach them; undefined where there is none.
    [[nodiscard]] Value attribute(const Value& object, const std::string& name);
    [[nodiscard]] Value item(const Value& object, const Value& key);
    [[nodiscard]] Value applyFilter(const std::string& name, const Value& subject, const Arguments& arguments);
    [[nodiscard]] bool applyTest(const std::string& name, const Value& subject, const Arguments& arguments);

  private:
    enum class Flow { Normal, Break, Continue };
    class DepthGuard;
    class ScopeGuard;

    // Statements (interpreter.cpp).
    Flow execute(const Block& block);
    Flow execute(const Statement& statement);
    Flow executeIf(const Statement& statement);
    Flow executeFor(const Statement& statement);
    [[nodiscard]] Values filteredItems(const Statement& statement);
    Flow executeWith(const Statement& statement);
    void executeSetBlock(const Statement& statement);
    void executeCallBlock(const Statement& statement);
    [[nodiscard]] std::string captured(const Block& block);
    void assign(const Target& target, const Value& value);
    void print(std::string_view text);
    [[nodiscard]] Scope* makeScope(Scope* outer);

    // Expressions (evaluate.cpp).
    [[nodiscard]] Value evaluate(const Expression& node);
    [[nodiscard]] Value evaluateNode(const Expression& node);
    [[nodiscard]] Value evaluateName(const Expression& node);
    [[nodiscard]] Value evaluateSequence(const Expression& node);
    [[nodiscard]] Value evaluateDict(const Expression& node);
    [[nodiscard]] Value evaluateSlice(const Expression& node);
    [[nodiscard]] Value evaluateCall(const Expression& node);
    [[nodiscard]] Value evaluateFilter(const Expression& node, const Value* subject);
    [[nodiscard]] Value evaluateTest(const Expression& node);
    [[nodiscard]] Value evaluateConcat(const Expression& node);
    [[nodiscard]] Value evaluateCompare(const Expression& node);
    [[nodiscard]] Value evaluateConditional(const Expression& node);
    [[nodiscard]] Arguments argumentsOf(const Expression& node);

    const ChatLimits& m_limits;
    Budget& m_budget;
    std::deque<Scope> m_scopes;
    std::vector<std::unique_ptr<TemplateObject>> m_objects;
    Scope* m_globals;
    Scope* m_scope;
    std::string* m_out = nullptr;

    std::size_t m_depth = 0;
};

}  // namespace kvscope::text
