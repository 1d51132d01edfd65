// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/chat/budget.h"

namespace kvscope::text {

enum class TokenKind {
    Data,           ///< text outside of tags
    VariableBegin,  ///< {{
    VariableEnd,
    BlockBegin,  ///< {%
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
};

/// A piece of a template.
struct TemplateToken {
    TokenKind kind = TokenKind::End;
    std::string text;  ///< of a string its value, of an operator its characters
    std::int64_t integer = 0;
    double real = 0;
    int line = 1;

    [[nodiscard]] bool isName(std::string_view name) const { return kind == TokenKind::Name && text == name; }
    [[nodiscard]] bool isOperator(std::string_view op) const { return kind == TokenKind::Operator && text == op; }
};

/// Cuts a template into tokens, white space control done: a tag takes the line end behind it and the blanks before it
/// on its line (trim_blocks and lstrip_blocks of Jinja, as chat templates are meant), and '-' and '+' in tags.
[[nodiscard]] std::vector<TemplateToken> tokenise(std::string_view text, const ChatLimits& limits);

}  // namespace kvscope::text
