// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/text/chat/parser.h"

namespace kvscope::text {

using Kind = StatementKind;

namespace {

StatementPtr makeStatement(Kind kind, int line) {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = line;
    return statement;
}

}  // namespace

Parser::Nesting::Nesting(Parser& parser) : m_parser(parser) {
    if (parser.m_nesting >= parser.m_limits.nesting) {
        faultAt(parser.peek().line, "brackets, operators or blocks are nested deeper than {}", parser.m_limits.nesting);
    }
    ++parser.m_nesting;
}

const TemplateToken& Parser::peek(std::size_t ahead) const {
    return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
}

const TemplateToken& Parser::take() {
    const TemplateToken& token = peek();
    if (m_at + 1 < m_tokens.size()) ++m_at;
    return token;
}

bool Parser::takeName(std::string_view name) {
    if (!peek().isName(name)) return false;
    take();
    return true;
}

bool Parser::takeOperator(std::string_view op) {
    if (!peek().isOperator(op)) return false;
    take();
    return true;
}

std::string Parser::described(const TemplateToken& token) const {
    switch (token.kind) {
        case TokenKind::End:
            return "the end of the template";
        case TokenKind::Data:
            return "text";
        case TokenKind::VariableBegin:
        case TokenKind::BlockBegin:
            return "the start of a tag";
        case TokenKind::VariableEnd:
        case TokenKind::BlockEnd:
            return "the end of the tag";
        case TokenKind::String:
            return "a string";
        case TokenKind::Integer:
        case TokenKind::Float:
            return "a number";
        case TokenKind::Name:
        case TokenKind::Operator:
            break;
    }
    return "'" + token.text.substr(0, 60) + "'";
}

void Parser::expectOperator(std::string_view op) {
    if (!takeOperator(op)) faultAt(peek().line, "{} stands where '{}' is expected", described(peek()), op);
}

std::string Parser::expectName(std::string_view what) {
    if (peek().kind != TokenKind::Name) {
        faultAt(peek().line, "{} stands where {} is expected", described(peek()), what);
    }
    return take().text;
}

void Parser::expectBlockEnd() {
    if (peek().kind != TokenKind::BlockEnd) {
        faultAt(peek().line, "{} stands where the tag must end", described(peek()));
    }
    take();
}

Block Parser::parse() {
    return parseBlock({}, {}, 1);
}

/// Statements up to a tag that begins with one of the names; that tag's name is the next token then.
Block Parser::parseBlock(Ends ends, std::string_view opener, int openedAt) {
    const Nesting nesting(*this);
    Block block;
    while (peek().kind != TokenKind::End) {
        const TemplateToken& token = take();
        if (token.kind == TokenKind::Data) {
            block.push_back(makeStatement(Kind::Data, token.line));
            block.back()->text = token.text;
        } else if (token.kind == TokenKind::VariableBegin) {
            block.push_back(parseOutput());
        } else {
            const TemplateToken& name = peek();
            if (name.kind == TokenKind::Name && std::ranges::find(ends, name.text) != ends.end()) return block;
            block.push_back(parseStatement());
        }
    }
    if (ends.size() > 0) faultAt(openedAt, "the block '{}' is not closed; '{}' is missing", opener, *(ends.end() - 1));
    return block;
}

/// The body of a block with its end tag.
Block Parser::parseBody(std::string_view name, Ends ends, int line) {
    expectBlockEnd();
    Block body = parseBlock(ends, name, line);
    take();
    return body;
}

StatementPtr Parser::parseOutput() {
    StatementPtr statement = makeStatement(Kind::Output, peek().line);
    statement->value = parseTuple();
    if (peek().kind != TokenKind::VariableEnd) {
        faultAt(peek().line, "{} stands where '}}}}' is expected", described(peek()));
    }
    take();
    return statement;
}

StatementPtr Parser::parseStatement() {
    const int line = peek().line;
    const std::string name = expectName("a tag's name");
    StatementPtr statement;
    if (name == "if") {
        statement = parseIf(line);
    } else if (name == "for") {
        statement = parseFor(line);
    } else if (name == "set") {
        statement = parseSet(line);
    } else if (name == "with") {
        statement = parseWith(line);
    } else if (name == "macro") {
        statement = parseMacro(line);
    } else if (name == "call") {
        statement = parseCallBlock(line);
    } else if (name == "filter") {
        statement = parseFilterBlock(line);
    } else if (name == "generation") {
        statement = parseGroup(line);
    } else if (name == "break" || name == "continue") {
        statement = parseJump(name == "break" ? Kind::Break : Kind::Continue, line);
    } else {
        faultAt(line, "the tag '{}' is not supported here", name.substr(0, 60));
    }
    expectBlockEnd();
    return statement;
}

StatementPtr Parser::parseIf(int line) {
    StatementPtr statement = makeStatement(Kind::If, line);
    for (bool more = true; more;) {
        Branch branch;
        branch.condition = parseTuple();
        expectBlockEnd();
        branch.body = parseBlock({"elif", "else", "endif"}, "if", line);
        statement->branches.push_back(std::move(branch));
        more = takeName("elif");
    }
    if (takeName("else")) {
        statement->branches.push_back({nullptr, parseBody("if", {"endif"}, line)});
    } else {
        take();
    }
    return statement;
}

StatementPtr Parser::parseFor(int line) {
    StatementPtr statement = makeStatement(Kind::For, line);
    statement->target = parseTarget();
    if (!takeName("in")) faultAt(peek().line, "{} stands where 'in' is expected", described(peek()));
    // No conditional here: "if" begins the filter.
    statement->value = parseOr();
    if (peek().isOperator(",")) faultAt(peek().line, "a loop over several values needs brackets around them");
    if (takeName("if")) statement->condition = parseConditional();
    if (peek().isName("recursive")) faultAt(line, "recursive loops are not supported");
    expectBlockEnd();
    ++m_loops;
    statement->body = parseBlock({"else", "endfor"}, "for", line);
    --m_loops;
    if (takeName("else")) {
        statement->otherwise = parseBody("for", {"endfor"}, line);
    } else {
        take();
    }
    return statement;
}

Target Parser::parseOneTarget() {
    const Nesting nesting(*this);
    Target target;
    if (takeOperator("(")) {
        target = parseTarget();
        expectOperator(")");
        return target;
    }
    const int line = peek().line;
    target.name = expectName("a name");
    static constexpr std::array<std::string_view, 6> kReserved{"true", "false", "none", "True", "False", "None"};
    if (std::ranges::find(kReserved, target.name) != kReserved.end()) {
        faultAt(line, "nothing can be assigned to '{}'", target.name);
    }
    if (takeOperator(".")) target.member = expectName("a member's name");
    return target;
}

Target Parser::parseTarget() {
    Target first = parseOneTarget();
    if (!peek().isOperator(",")) return first;
    Target all;
    all.parts.push_back(std::move(first));
    while (takeOperator(",")) {
        if (peek().kind != TokenKind::Name && !peek().isOperator("(")) break;
        all.parts.push_back(parseOneTarget());
    }
    return all;
}

StatementPtr Parser::parseSet(int line) {
    StatementPtr statement = makeStatement(Kind::Set, line);
    statement->target = parseTarget();
    if (takeOperator("=")) {
        statement->value = parseTuple();
        return statement;
    }
    statement->kind = Kind::SetBlock;
    if (takeOperator("|")) {
        statement->value = parseFilter(nullptr);
        statement->value = parseFilters(std::move(statement->value));
    }
    statement->body = parseBody("set", {"endset"}, line);
    return statement;
}

StatementPtr Parser::parseWith(int line) {
    StatementPtr statement = makeStatement(Kind::With, line);
    while (peek().kind != TokenKind::BlockEnd) {
        if (!statement->parameters.empty()) expectOperator(",");
        Parameter parameter;
        parameter.name = expectName("a name");
        expectOperator("=");
        parameter.fallback = parseConditional();
        statement->parameters.push_back(std::move(parameter));
    }
    statement->body = parseBody("with", {"endwith"}, line);
    return statement;
}

/// Behind "(", up to and with ")".
std::vector<Parameter> Parser::parseParameters() {
    std::vector<Parameter> parameters;
    while (!takeOperator(")")) {
        if (!parameters.empty()) expectOperator(",");
        if (takeOperator(")")) break;
        Parameter parameter;
        const int line = peek().line;
        if (parameters.size() >= kMaxArguments) faultAt(line, "a macro has more than {} parameters", kMaxArguments);
        parameter.name = expectName("a parameter's name");
        if (takeOperator("=")) {
            parameter.fallback = parseConditional();
        } else if (!parameters.empty() && parameters.back().fallback) {
            faultAt(line, "the parameter '{}' without a default stands behind one with a default", parameter.name);
        }
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

StatementPtr Parser::parseMacro(int line) {
    StatementPtr statement = makeStatement(Kind::Macro, line);
    statement->text = expectName("a macro's name");
    expectOperator("(");
    statement->parameters = parseParameters();
    const std::size_t loops = std::exchange(m_loops, 0);
    statement->body = parseBody("macro", {"endmacro"}, line);
    m_loops = loops;
    return statement;
}

StatementPtr Parser::parseCallBlock(int line) {
    StatementPtr statement = makeStatement(Kind::CallBlock, line);
    if (takeOperator("(")) statement->parameters = parseParameters();
    statement->value = parseConditional();
    if (statement->value->kind != ExpressionKind::Call) faultAt(line, "the tag 'call' needs a call of a macro");
    const std::size_t loops = std::exchange(m_loops, 0);
    statement->body = parseBody("call", {"endcall"}, line);
    m_loops = loops;
    return statement;
}

StatementPtr Parser::parseFilterBlock(int line) {
    StatementPtr statement = makeStatement(Kind::FilterBlock, line);
    statement->value = parseFilter(nullptr);
    statement->value = parseFilters(std::move(statement->value));
    statement->body = parseBody("filter", {"endfilter"}, line);
    return statement;
}

/// {% generation %} marks what a model wrote, for training; its content is rendered as it stands.
StatementPtr Parser::parseGroup(int line) {
    StatementPtr statement = makeStatement(Kind::Group, line);
    statement->body = parseBody("generation", {"endgeneration"}, line);
    return statement;
}

StatementPtr Parser::parseJump(Kind kind, int line) {
    if (m_loops == 0) faultAt(line, "'{}' stands outside of a loop", kind == Kind::Break ? "break" : "continue");
    return makeStatement(kind, line);
}

}  // namespace kvscope::text
