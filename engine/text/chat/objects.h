// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/chat/interpreter.h"

namespace kvscope::text {

/// What namespace() makes: the only thing that a template can change.
class Namespace final : public TemplateObject {
  public:
    void set(const std::string& name, Value value, Budget& budget) { m_members.set(name, std::move(value), budget); }
    [[nodiscard]] std::string describe() const override { return "a namespace"; }
    [[nodiscard]] Value attribute(const std::string& name, Interpreter& interpreter) override;

  private:
    Scope m_members;
};

/// The variable `loop`.
class LoopState final : public TemplateObject {
  public:
    explicit LoopState(Values items) : m_items(std::move(items)) {}
    [[nodiscard]] const Values& items() const { return m_items; }
    [[nodiscard]] std::size_t index() const { return m_index; }
    void advance() { ++m_index; }
    /// True when the value differs from that of the call before.
    [[nodiscard]] bool changed(const Values& values, Budget& budget);

    [[nodiscard]] std::string describe() const override { return "a loop"; }
    [[nodiscard]] Value attribute(const std::string& name, Interpreter& interpreter) override;

  private:
    Values m_items;
    Values m_last;
    std::size_t m_index = 0;
    bool m_hasLast = false;
};

/// A macro, or the body of a call block.
class Macro final : public TemplateObject {
  public:
    /// definition: of kind Macro or CallBlock; both outlive the rendering's objects.
    Macro(std::string name, const Statement& definition, Scope* closure)
        : m_name(std::move(name)), m_definition(definition), m_closure(closure) {}
    [[nodiscard]] std::string describe() const override { return "the macro '" + m_name + "'"; }
    [[nodiscard]] bool callable() const override { return true; }
    Value call(const Arguments& arguments, Interpreter& interpreter) override;

  private:
    std::string m_name;
    const Statement& m_definition;
    Scope* m_closure;
};

/// A function of the program, or a method bound to its value.
class Function final : public TemplateObject {
  public:
    using Body = std::function<Value(const Arguments&, Interpreter&)>;
    Function(std::string name, Body body) : m_name(std::move(name)), m_body(std::move(body)) {}
    [[nodiscard]] std::string describe() const override { return "the function '" + m_name + "'"; }
    [[nodiscard]] bool callable() const override { return true; }
    Value call(const Arguments& arguments, Interpreter& interpreter) override { return m_body(arguments, interpreter); }

  private:
    std::string m_name;
    Body m_body;
};

}  // namespace kvscope::text
