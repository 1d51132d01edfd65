// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/chat/syntax_tree.h"
#include "engine/text/chat/token.h"

namespace kvscope::text {

/// Reads a template's tokens into statements. Throws TemplateFault with the line.
class Parser {
  public:
    Parser(std::vector<TemplateToken> tokens, const ChatLimits& limits, Budget& budget)
        : m_tokens(std::move(tokens)), m_limits(limits), m_budget(budget) {}

    /// The whole template.
    [[nodiscard]] Block parse();

  private:
    /// Counts brackets and blocks within each other.
    class Nesting {
      public:
        explicit Nesting(Parser& parser);
        ~Nesting() { --m_parser.m_nesting; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

      private:
        Parser& m_parser;
    };
    using Ends = std::initializer_list<std::string_view>;

    // Tokens.
    [[nodiscard]] const TemplateToken& peek(std::size_t ahead = 0) const;
    const TemplateToken& take();
    bool takeName(std::string_view name);
    bool takeOperator(std::string_view op);
    void expectOperator(std::string_view op);
    std::string expectName(std::string_view what);
    void expectBlockEnd();
    [[nodiscard]] std::string described(const TemplateToken& token) const;

    // Statements (statement_parser.cpp).
    [[nodiscard]] Block parseBlock(Ends ends, std::string_view opener, int openedAt);
    [[nodiscard]] Block parseBody(std::string_view name, Ends ends, int line);
    [[nodiscard]] StatementPtr parseOutput();
    [[nodiscard]] StatementPtr parseStatement();
    [[nodiscard]] StatementPtr parseIf(int line);
    [[nodiscard]] StatementPtr parseFor(int line);
    [[nodiscard]] StatementPtr parseSet(int line);
    [[nodiscard]] StatementPtr parseWith(int line);
    [[nodiscard]] StatementPtr parseMacro(int line);
    [[nodiscard]] StatementPtr parseCallBlock(int line);
    [[nodiscard]] StatementPtr parseFilterBlock(int line);
    [[nodiscard]] StatementPtr parseGroup(int line);
    [[nodiscard]] StatementPtr parseJump(StatementKind kind, int line);
    [[nodiscard]] std::vector<Parameter> parseParameters();
    [[nodiscard]] Target parseTarget();
    [[nodiscard]] Target parseOneTarget();

    // Expressions (expression_parser.cpp), the loosest first.
    [[nodiscard]] ExpressionPtr parseTuple();
    [[nodiscard]] ExpressionPtr parseConditional();
    [[nodiscard]] ExpressionPtr parseOr();
    [[nodiscard]] ExpressionPtr parseAnd();
    [[nodiscard]] ExpressionPtr parseNot();
    [[nodiscard]] ExpressionPtr parseCompare();
    [[nodiscard]] ExpressionPtr parseSum();
    [[nodiscard]] ExpressionPtr parseConcat();
    [[nodiscard]] ExpressionPtr parseProduct();
    [[nodiscard]] ExpressionPtr parsePower();
    [[nodiscard]] ExpressionPtr parseUnary(bool withFilters);
    [[nodiscard]] ExpressionPtr parsePrimary();
    [[nodiscard]] ExpressionPtr parsePostfix(ExpressionPtr node);
    [[nodiscard]] ExpressionPtr parseSubscript(ExpressionPtr node);
    [[nodiscard]] ExpressionPtr parseFilters(ExpressionPtr node);
    [[nodiscard]] ExpressionPtr parseFilter(ExpressionPtr node);
    [[nodiscard]] ExpressionPtr parseTest(ExpressionPtr node);
    [[nodiscard]] ExpressionPtr parseParentheses();
    [[nodiscard]] ExpressionPtr parseList();
    [[nodiscard]] ExpressionPtr parseDict();
    void parseArguments(Expression& call);
    [[nodiscard]] bool beginsTestArgument() const;
    template <typename... Parts>
    [[nodiscard]] ExpressionPtr make(ExpressionKind kind, int line, std::string text, Parts... parts);
    /// Sets the depth, once all parts are there.
    [[nodiscard]] ExpressionPtr finish(ExpressionPtr node);

    std::vector<TemplateToken> m_tokens;
    const ChatLimits& m_limits;
    Budget& m_budget;
    static constexpr std::size_t kMaxArguments = 255;  ///< of a call or a macro, and as many named ones
    std::size_t m_at = 0;
    std::size_t m_nesting = 0;
    std::size_t m_loops = 0;  ///< loops around what is being read, for break and continue
};

}  // namespace kvscope::text
