// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/lexer.h"

#include "engine/cache/policy/messages.h"

namespace kvscope::cache {
namespace {

bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isWordPart(char c) {
    return isLetter(c) || isDigit(c) || c == '_' || c == '-';
}
bool isSymbol(char c) {
    return std::string_view("=+(),:@/~").contains(c);
}

template <typename Predicate>
std::size_t runLength(std::string_view text, Predicate accepts) {
    std::size_t n = 0;
    while (n < text.size() && accepts(text[n])) ++n;
    return n;
}

/// Length of `digits [ "." digits ]` at the start of `rest`, or the error that says what is wrong with it.
Result<std::size_t> numberLength(std::string_view rest, std::size_t column) {
    std::size_t n = runLength(rest, isDigit);
    if (n < rest.size() && rest[n] == '.') {
        const std::size_t fraction = runLength(rest.substr(n + 1), isDigit);
        if (fraction == 0) return policyError(rest.substr(0, n + 1), column, "a number ends in a digit, as in 0.5");
        n += 1 + fraction;
    }
    const std::size_t tail = runLength(rest.substr(n), [](char c) { return isWordPart(c) || c == '.'; });
    if (tail != 0) {
        return policyError(
            rest.substr(0, n + tail), column,
            "this is neither a number (digits, or digits.digits) nor a name (which begins with a letter)");
    }
    if (n > kMaxNumberLength) {
        return policyError(rest.substr(0, n), column,
                           fmt::format("a number has at most {} characters", kMaxNumberLength));
    }
    return n;
}

Error strayCharacter(std::string_view rest, std::size_t column) {
    const char c = rest.front();
    std::string_view why = "this character has no place in a policy";
    if (c == '-') why = "a name begins with a letter, and numbers have no sign";
    if (c == '.') why = "a number begins with a digit, as in 0.5";
    if (c == '\t' || c == '\n' || c == '\r') why = "clauses are separated by a space";
    if (c == '"' || c == '\'') why = "a policy holds no quotes (a shell takes them away; here they were not)";
    if (c == '[' || c == '{' || c == '<') why = "arguments stand in round brackets, as in window(256)";
    if (c == ';' || c == '|' || c == '&') why = "clauses are separated by a space, members joined by '+'";
    return makePolicyError(rest.substr(0, 1), column, why);
}

}  // namespace

Result<std::vector<Token>> lexPolicy(std::string_view text) {
    if (text.size() > kMaxPolicyLength) {
        return fail(ErrorKind::BadPolicy, "policy", "the text has {} bytes, at most {} are read", text.size(),
                    kMaxPolicyLength);
    }
    std::vector<Token> tokens;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = text.substr(at);
        const std::size_t column = at + 1;
        Token token{TokenKind::Symbol, rest.substr(0, 1), column};
        if (rest.front() == ' ') {
            token = {TokenKind::Space, rest.substr(0, runLength(rest, [](char c) { return c == ' '; })), column};
        } else if (isLetter(rest.front())) {
            token = {TokenKind::Word, rest.substr(0, runLength(rest, isWordPart)), column};
        } else if (isDigit(rest.front())) {
            const auto length = numberLength(rest, column);
            if (!length) return forward(length);
            token = {TokenKind::Number, rest.substr(0, *length), column};
        } else if (!isSymbol(rest.front())) {
            return std::unexpected(strayCharacter(rest, column));
        }
        tokens.push_back(token);
        at += token.text.size();
    }
    tokens.push_back({TokenKind::End, {}, text.size() + 1});
    return tokens;
}

}  // namespace kvscope::cache
