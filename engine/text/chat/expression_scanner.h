// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/chat/token.h"

namespace kvscope::text {

/// Cuts the inside of a tag into tokens.
class ExpressionScanner {
  public:
    /// Starts at byte `at`, which is on `line`.
    ExpressionScanner(std::string_view text, std::size_t at, int line, const ChatLimits& limits)
        : m_text(text), m_limits(limits), m_at(at), m_line(line) {}

    /// Appends tokens up to the end mark, "%}" or "}}", outside of brackets.
    void scan(std::string_view endMark, std::vector<TemplateToken>& tokens);
    /// Behind the end mark.
    [[nodiscard]] std::size_t at() const { return m_at; }
    [[nodiscard]] int line() const { return m_line; }
    /// '-' or '+' in front of the end mark, else a space.
    [[nodiscard]] char endSign() const { return m_endSign; }

  private:
    void skipBlanks();
    bool takeEnd(std::string_view endMark);
    [[nodiscard]] TemplateToken token(TokenKind kind) const;
    [[nodiscard]] TemplateToken name();
    [[nodiscard]] TemplateToken number();
    [[nodiscard]] TemplateToken string();
    void escape(std::string& value);
    [[nodiscard]] TemplateToken operation();
    void balance(char bracket);

    std::string_view m_text;
    const ChatLimits& m_limits;
    std::size_t m_at;
    int m_line;
    char m_endSign = ' ';
    std::string m_open;  ///< brackets that must still be closed, as their closing characters
};

}  // namespace kvscope::text
