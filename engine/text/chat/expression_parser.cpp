// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/text/chat/parser.h"

namespace kvscope::text {

using Kind = ExpressionKind;

template <typename... Parts>
ExpressionPtr Parser::make(Kind kind, int line, std::string text, Parts... parts) {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = line;
    node->text = std::move(text);
    (node->parts.push_back(std::move(parts)), ...);
    return finish(std::move(node));
}

ExpressionPtr Parser::finish(ExpressionPtr node) {
    std::size_t depth = 0;
    for (const auto& part : node->parts) depth = std::max(depth, part ? part->depth : 0);
    for (const auto& [name, part] : node->named) depth = std::max(depth, part->depth);
    node->depth = depth + 1;
    if (node->depth > m_limits.depth) faultAt(node->line, "an expression has more than {} levels", m_limits.depth);
    return node;
}

ExpressionPtr Parser::parseTuple() {
    const int line = peek().line;
    ExpressionPtr first = parseConditional();
    if (!peek().isOperator(",")) return first;
    ExpressionPtr tuple = make(Kind::Tuple, line, {}, std::move(first));
    while (takeOperator(",")) {
        const TemplateToken& next = peek();
        if (next.kind == TokenKind::VariableEnd || next.kind == TokenKind::BlockEnd || next.isOperator(")")) break;
        tuple->parts.push_back(parseConditional());
    }
    return finish(std::move(tuple));
}

ExpressionPtr Parser::parseConditional() {
    const Nesting nesting(*this);
    const int line = peek().line;
    ExpressionPtr node = parseOr();
    while (takeName("if")) {
        ExpressionPtr condition = parseOr();
        ExpressionPtr otherwise = takeName("else") ? parseConditional() : nullptr;
        node = make(Kind::Conditional, line, {}, std::move(condition), std::move(node), std::move(otherwise));
    }
    return node;
}

ExpressionPtr Parser::parseOr() {
    ExpressionPtr left = parseAnd();
    while (peek().isName("or")) {
        const int line = take().line;
        left = make(Kind::Or, line, {}, std::move(left), parseAnd());
    }
    return left;
}

ExpressionPtr Parser::parseAnd() {
    ExpressionPtr left = parseNot();
    while (peek().isName("and")) {
        const int line = take().line;
        left = make(Kind::And, line, {}, std::move(left), parseNot());
    }
    return left;
}

ExpressionPtr Parser::parseNot() {
    if (!peek().isName("not") || peek(1).isName("in")) return parseCompare();
    const Nesting nesting(*this);
    const int line = take().line;
    return make(Kind::Not, line, {}, parseNot());
}

ExpressionPtr Parser::parseCompare() {
    const int line = peek().line;
    ExpressionPtr node = make(Kind::Compare, line, {}, parseSum());
    for (;;) {
        const TemplateToken& token = peek();
        if (token.isName("not") && peek(1).isName("in")) {
            take();
            take();
            node->operators.emplace_back("not in");
        } else if (token.isName("in") || token.isOperator("==") || token.isOperator("!=") || token.isOperator("<") ||
                   token.isOperator("<=") || token.isOperator(">") || token.isOperator(">=")) {
            node->operators.push_back(take().text);
        } else {
            break;
        }
        node->parts.push_back(parseSum());
    }
    if (node->operators.empty()) return std::move(node->parts.front());
    return finish(std::move(node));
}

ExpressionPtr Parser::parseSum() {
    ExpressionPtr left = parseConcat();
    while (peek().isOperator("+") || peek().isOperator("-")) {
        const TemplateToken op = take();
        left = make(Kind::Binary, op.line, op.text, std::move(left), parseConcat());
    }
    return left;
}

ExpressionPtr Parser::parseConcat() {
    ExpressionPtr first = parseProduct();
    if (!peek().isOperator("~")) return first;
    ExpressionPtr node = make(Kind::Concat, peek().line, {}, std::move(first));
    while (takeOperator("~")) node->parts.push_back(parseProduct());
    return finish(std::move(node));
}

ExpressionPtr Parser::parseProduct() {
    ExpressionPtr left = parsePower();
    while (peek().isOperator("*") || peek().isOperator("/") || peek().isOperator("//") || peek().isOperator("%")) {
        const TemplateToken op = take();
        left = make(Kind::Binary, op.line, op.text, std::move(left), parsePower());
    }
    return left;
}

ExpressionPtr Parser::parsePower() {
    ExpressionPtr left = parseUnary(true);
    while (peek().isOperator("**")) {
        const TemplateToken op = take();
        left = make(Kind::Binary, op.line, op.text, std::move(left), parseUnary(true));
    }
    return left;
}

ExpressionPtr Parser::parseUnary(bool withFilters) {
    ExpressionPtr node;
    if (peek().isOperator("-") || peek().isOperator("+")) {
        const Nesting nesting(*this);
        const TemplateToken op = take();
        node = make(Kind::Sign, op.line, op.text, parseUnary(false));
    } else {
        node = parsePrimary();
    }
    node = parsePostfix(std::move(node));
    return withFilters ? parseFilters(std::move(node)) : std::move(node);
}

ExpressionPtr Parser::parsePrimary() {
    const TemplateToken token = take();
    if (token.kind == TokenKind::Name) {
        ExpressionPtr node = make(Kind::Constant, token.line, {});
        if (token.text == "true" || token.text == "True") {
            node->constant = Value(true);
        } else if (token.text == "false" || token.text == "False") {
            node->constant = Value(false);
        } else if (token.text != "none" && token.text != "None") {
            node->kind = Kind::Name;
            node->text = token.text;
        }
        return node;
    }
    if (token.kind == TokenKind::String || token.kind == TokenKind::Integer || token.kind == TokenKind::Float) {
        ExpressionPtr node = make(Kind::Constant, token.line, {});
        if (token.kind == TokenKind::Integer) {
            node->constant = Value(token.integer);
        } else if (token.kind == TokenKind::Float) {
            node->constant = Value(token.real);
        } else {
            std::string text = token.text;
            while (peek().kind == TokenKind::String) text += take().text;
            node->constant = Value::string(std::move(text), m_budget);
        }
        return node;
    }
    if (token.isOperator("(")) return parseParentheses();
    if (token.isOperator("[")) return parseList();
    if (token.isOperator("{")) return parseDict();
    faultAt(token.line, "{} stands where a value is expected", described(token));
}

ExpressionPtr Parser::parseParentheses() {
    const int line = peek().line;
    if (takeOperator(")")) return make(Kind::Tuple, line, {});
    ExpressionPtr node = parseTuple();
    expectOperator(")");
    return node;
}

ExpressionPtr Parser::parseList() {
    ExpressionPtr node = make(Kind::List, peek().line, {});
    while (!takeOperator("]")) {
        if (!node->parts.empty()) expectOperator(",");
        if (takeOperator("]")) break;
        node->parts.push_back(parseConditional());
    }
    return finish(std::move(node));
}

ExpressionPtr Parser::parseDict() {
    ExpressionPtr node = make(Kind::Dict, peek().line, {});
    while (!takeOperator("}")) {
        if (!node->parts.empty()) expectOperator(",");
        if (takeOperator("}")) break;
        node->parts.push_back(parseConditional());
        expectOperator(":");
        node->parts.push_back(parseConditional());
    }
    return finish(std::move(node));
}

ExpressionPtr Parser::parsePostfix(ExpressionPtr node) {
    for (;;) {
        const int line = peek().line;
        if (takeOperator(".")) {
            const TemplateToken name = take();
            if (name.kind == TokenKind::Integer) {
                ExpressionPtr key = make(Kind::Constant, name.line, {});
                key->constant = Value(name.integer);
                node = make(Kind::Item, name.line, {}, std::move(node), std::move(key));
                continue;
            }
            if (name.kind != TokenKind::Name)
                faultAt(name.line, "{} stands where a member is expected", described(name));
            node = make(Kind::Attribute, name.line, name.text, std::move(node));
        } else if (takeOperator("[")) {
            node = parseSubscript(std::move(node));
        } else if (takeOperator("(")) {
            node = make(Kind::Call, line, {}, std::move(node));
            parseArguments(*node);
            node = finish(std::move(node));
        } else {
            return node;
        }
    }
}

ExpressionPtr Parser::parseSubscript(ExpressionPtr node) {
    const int line = peek().line;
    const auto bound = [&]() -> ExpressionPtr {
        return peek().isOperator(":") || peek().isOperator("]") ? nullptr : parseConditional();
    };
    ExpressionPtr begin = bound();
    if (!peek().isOperator(":")) {
        if (!begin) faultAt(line, "nothing stands between '[' and ']'");
        expectOperator("]");
        return make(Kind::Item, line, {}, std::move(node), std::move(begin));
    }
    take();
    ExpressionPtr end = bound();
    ExpressionPtr step = takeOperator(":") ? bound() : nullptr;
    expectOperator("]");
    return make(Kind::Slice, line, {}, std::move(node), std::move(begin), std::move(end), std::move(step));
}

ExpressionPtr Parser::parseFilters(ExpressionPtr node) {
    for (;;) {
        if (takeOperator("|")) {
            node = parseFilter(std::move(node));
        } else if (peek().isName("is")) {
            take();
            node = parseTest(std::move(node));
        } else if (peek().isOperator("(")) {  // what a filter gave is called
            const int line = take().line;
            node = make(Kind::Call, line, {}, std::move(node));
            parseArguments(*node);
            node = finish(std::move(node));
        } else {
            return node;
        }
    }
}

ExpressionPtr Parser::parseFilter(ExpressionPtr node) {
    const int line = peek().line;
    node = make(Kind::Filter, line, expectName("a filter's name"), std::move(node));
    if (takeOperator("(")) parseArguments(*node);
    return finish(std::move(node));
}

bool Parser::beginsTestArgument() const {
    const TemplateToken& token = peek();
    switch (token.kind) {
        case TokenKind::Name:
            return !token.isName("else") && !token.isName("or") && !token.isName("and") && !token.isName("is") &&
                   !token.isName("if") && !token.isName("in") && !token.isName("not");
        case TokenKind::String:
        case TokenKind::Integer:
        case TokenKind::Float:
            return true;
        default:
            return token.isOperator("[") || token.isOperator("{");
    }
}

ExpressionPtr Parser::parseTest(ExpressionPtr node) {
    const int line = peek().line;
    const bool negated = takeName("not");
    node = make(Kind::Test, line, expectName("a test's name"), std::move(node));
    if (takeOperator("(")) {
        parseArguments(*node);
    } else if (beginsTestArgument()) {
        node->parts.push_back(parsePostfix(parsePrimary()));
    }
    node = finish(std::move(node));
    return negated ? make(Kind::Not, line, {}, std::move(node)) : std::move(node);
}

/// Behind "(", up to and with ")".
void Parser::parseArguments(Expression& call) {
    for (bool first = true; !takeOperator(")"); first = false) {
        if (!first) expectOperator(",");
        if (takeOperator(")")) return;
        const TemplateToken& token = peek();
        if (token.isOperator("*") || token.isOperator("**")) {
            faultAt(token.line, "arguments from a list or dictionary ('{}') are not supported", token.text);
        }
        if (token.kind == TokenKind::Name && peek(1).isOperator("=")) {
            const std::string name = take().text;
            take();
            if (call.named.size() >= kMaxArguments)
                faultAt(token.line, "a call has more than {} named arguments", kMaxArguments);
            call.named.emplace_back(name, parseConditional());
        } else {
            if (!call.named.empty()) faultAt(token.line, "an argument without a name stands behind one with a name");
            if (call.parts.size() > kMaxArguments)
                faultAt(token.line, "a call has more than {} arguments", kMaxArguments);
            call.parts.push_back(parseConditional());
        }
    }
}

}  // namespace kvscope::text
