// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/text/chat/interpreter.h"

namespace kvscope::text {

/// Counts up while it lives.
class CountGuard {
  public:
    explicit CountGuard(std::size_t& count) : m_count(count) { ++m_count; }
    ~CountGuard() { --m_count; }
    CountGuard(const CountGuard&) = delete;
    CountGuard& operator=(const CountGuard&) = delete;

  private:
    std::size_t& m_count;
};

/// Refuses nodes within nodes beyond the limit.
class Interpreter::DepthGuard {
  public:
    explicit DepthGuard(Interpreter& interpreter) : m_count(interpreter.m_depth) {
        if (interpreter.m_depth > interpreter.m_limits.depth) {
            fault("more than {} levels within each other; does a macro call itself?", interpreter.m_limits.depth);
        }
    }

  private:
    CountGuard m_count;
};

/// Makes a scope the current one while it lives.
class Interpreter::ScopeGuard {
  public:
    ScopeGuard(Interpreter& interpreter, Scope* scope)
        : m_interpreter(interpreter), m_outer(std::exchange(interpreter.m_scope, scope)) {}
    ~ScopeGuard() { m_interpreter.m_scope = m_outer; }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

  private:
    Interpreter& m_interpreter;
    Scope* m_outer;
};

}  // namespace kvscope::text
