// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/chat/value.h"

namespace kvscope::text {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using StatementPtr = std::unique_ptr<Statement>;
using Block = std::vector<StatementPtr>;

/// Parts of each kind in the order in which they are listed.
enum class ExpressionKind {
    Constant,     ///< constant
    Name,         ///< text
    List,         ///< items
    Tuple,        ///< items
    Dict,         ///< key, value, key, value, …
    Attribute,    ///< object; text = name
    Item,         ///< object, key
    Slice,        ///< object, begin, end, step; null where left out
    Call,         ///< callee, arguments; named
    Filter,       ///< subject, arguments; text = name; named
    Test,         ///< subject, arguments; text = name; named
    Sign,         ///< operand; text = "+" or "-"
    Not,          ///< operand
    And,          ///< left, right
    Or,           ///< left, right
    Binary,       ///< left, right; text = operator
    Concat,       ///< operands
    Compare,      ///< first, operands; operators
    Conditional,  ///< condition, then, else (null where left out)
};

struct Expression {
    ExpressionKind kind = ExpressionKind::Constant;
    int line = 0;
    std::size_t depth = 1;  ///< nodes down to the deepest leaf
    std::string text;
    Value constant;
    std::vector<ExpressionPtr> parts;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    std::vector<std::string> operators;
};

/// What is assigned to: a name, a member of a namespace, or several of them.
struct Target {
    std::string name;
    std::string member;         ///< empty = the name itself
    std::vector<Target> parts;  ///< not empty = the value is taken apart
};

/// A parameter of a macro; null = no default.
struct Parameter {
    std::string name;
    ExpressionPtr fallback;
};

enum class StatementKind {
    Data,
    Output,
    If,
    For,
    Set,
    SetBlock,
    With,
    Macro,
    CallBlock,
    FilterBlock,
    Group,
    Break,
    Continue
};

/// A branch of an if; a null condition is `else`.
struct Branch {
    ExpressionPtr condition;
    Block body;
};

struct Statement {
    StatementKind kind = StatementKind::Data;
    int line = 0;
    std::string text;                   ///< Data: the text; Macro: its name
    ExpressionPtr value;                ///< Output, For: the items, Set, CallBlock: the call; filters of blocks
    ExpressionPtr condition;            ///< For: the filter, or null
    Target target;                      ///< For, Set, SetBlock
    std::vector<Parameter> parameters;  ///< Macro, CallBlock; With: names and values
    std::vector<Branch> branches;       ///< If
    Block body;
    Block otherwise;  ///< For: else
};

}  // namespace kvscope::text
