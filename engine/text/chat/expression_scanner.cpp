// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/expression_scanner.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/text/chat/unicode_text.h"

namespace kvscope::text {

namespace {

constexpr std::size_t kMaxName = 255;

bool isDecimal(char c) {
    return c >= '0' && c <= '9';
}

bool beginsName(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool continuesName(char c) {
    return beginsName(c) || isDecimal(c);
}

std::string without(std::string_view text, char unwanted) {
    std::string out(text);
    std::erase(out, unwanted);
    return out;
}

}  // namespace

void ExpressionScanner::skipBlanks() {
    while (m_at < m_text.size() && std::string_view(" \t\n\f\v").find(m_text[m_at]) != std::string_view::npos) {
        if (m_text[m_at++] == '\n') ++m_line;
    }
}

bool ExpressionScanner::takeEnd(std::string_view endMark) {
    if (!m_open.empty()) return false;
    const std::string_view rest = m_text.substr(m_at);
    const bool minus = rest.starts_with('-') && rest.substr(1).starts_with(endMark);
    const bool plus = endMark == "%}" && rest.starts_with('+') && rest.substr(1).starts_with(endMark);
    if (!minus && !plus && !rest.starts_with(endMark)) return false;
    m_endSign = minus ? '-' : plus ? '+' : ' ';
    m_at += endMark.size() + (minus || plus ? 1 : 0);
    return true;
}

TemplateToken ExpressionScanner::token(TokenKind kind) const {
    TemplateToken made;
    made.kind = kind;
    made.line = m_line;
    return made;
}

void ExpressionScanner::scan(std::string_view endMark, std::vector<TemplateToken>& tokens) {
    const int begin = m_line;
    for (skipBlanks(); !takeEnd(endMark); skipBlanks()) {
        if (m_at >= m_text.size()) {
            if (m_open.empty()) faultAt(begin, "a tag is not closed; '{}' is missing", endMark);
            faultAt(begin, "a bracket in a tag is not closed; '{}' is missing", m_open.back());
        }
        const char c = m_text[m_at];
        if (beginsName(c)) {
            tokens.push_back(name());
        } else if (isDecimal(c)) {
            tokens.push_back(number());
        } else if (c == '\'' || c == '"') {
            tokens.push_back(string());
        } else {
            tokens.push_back(operation());
        }
    }
}

TemplateToken ExpressionScanner::name() {
    TemplateToken made = token(TokenKind::Name);
    const std::size_t begin = m_at;
    while (m_at < m_text.size() && continuesName(m_text[m_at])) ++m_at;
    if (m_at - begin > kMaxName) faultAt(m_line, "a name has more than {} characters", kMaxName);
    made.text = m_text.substr(begin, m_at - begin);
    return made;
}

TemplateToken ExpressionScanner::number() {
    TemplateToken made = token(TokenKind::Integer);
    const std::size_t begin = m_at;
    int base = 10;
    if (m_text[m_at] == '0' && m_at + 1 < m_text.size()) {
        const char mark = static_cast<char>(m_text[m_at + 1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    }
    const auto digits = [&] {
        while (m_at < m_text.size() && (isDecimal(m_text[m_at]) || m_text[m_at] == '_')) ++m_at;
    };
    if (base != 10) {
        m_at += 2;
        while (m_at < m_text.size() && continuesName(m_text[m_at])) ++m_at;
    } else {
        digits();
        if (m_at + 1 < m_text.size() && m_text[m_at] == '.' && isDecimal(m_text[m_at + 1])) {
            made.kind = TokenKind::Float;
            ++m_at;
            digits();
        }
        if (m_at < m_text.size() && (m_text[m_at] | 0x20) == 'e') {
            std::size_t exponent = m_at + 1;
            if (exponent < m_text.size() && (m_text[exponent] == '-' || m_text[exponent] == '+')) ++exponent;
            if (exponent < m_text.size() && isDecimal(m_text[exponent])) {
                made.kind = TokenKind::Float;
                m_at = exponent;
                digits();
            }
        }
    }
    made.text = without(m_text.substr(begin, m_at - begin), '_');
    const char* first = made.text.data() + (base == 10 ? 0 : 2);
    const char* last = made.text.data() + made.text.size();
    const auto [end, error] = made.kind == TokenKind::Float ? std::from_chars(first, last, made.real)
                                                            : std::from_chars(first, last, made.integer, base);
    if (error != std::errc{} || end != last) faultAt(m_line, "'{}' is no number, or too large a one", made.text);
    return made;
}

TemplateToken ExpressionScanner::string() {
    TemplateToken made = token(TokenKind::String);
    const char quote = m_text[m_at++];
    while (m_at < m_text.size() && m_text[m_at] != quote) {
        if (m_text[m_at] == '\n') ++m_line;
        if (m_text[m_at] == '\\' && m_at + 1 < m_text.size()) {
            escape(made.text);
        } else {
            made.text += m_text[m_at++];
        }
    }
    if (m_at >= m_text.size()) faultAt(made.line, "a string is not closed; {} is missing", quote);
    ++m_at;
    return made;
}

/// At a backslash that something follows; Python's escapes but \N{name}.
void ExpressionScanner::escape(std::string& value) {
    static constexpr std::string_view kFrom = "\\'\"abfnrtv", kTo = "\\'\"\a\b\f\n\r\t\v";
    const char kind = m_text[m_at + 1];
    m_at += 2;
    if (kind == '\n') {  // a line goes on
        ++m_line;
        return;
    }
    if (const std::size_t found = kFrom.find(kind); found != std::string_view::npos) {
        value += kTo[found];
        return;
    }
    const bool octal = kind >= '0' && kind <= '7';
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : octal ? 3 : 0;
    if (digits == 0) {
        value += '\\';
        value += kind;
        if (kind == '\n') ++m_line;
        return;
    }
    if (octal) --m_at;
    std::uint32_t point = 0;
    const std::string_view text = m_text.substr(m_at, digits);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), point, octal ? 8 : 16);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || (!octal && used != digits)) {
        faultAt(m_line, "the escape '\\{}' in a string lacks its {} digits", kind, digits);
    }
    appendCodePoint(value, point);
    m_at += used;
}

void ExpressionScanner::balance(char bracket) {
    static constexpr std::string_view kOpen = "([{", kClose = ")]}";
    if (const std::size_t at = kOpen.find(bracket); at != std::string_view::npos) {
        if (m_open.size() >= m_limits.nesting) faultAt(m_line, "brackets are nested deeper than {}", m_limits.nesting);
        m_open += kClose[at];
    } else if (kClose.find(bracket) != std::string_view::npos) {
        if (m_open.empty()) faultAt(m_line, "'{}' closes nothing", bracket);
        if (m_open.back() != bracket) faultAt(m_line, "'{}' stands where '{}' must", bracket, m_open.back());
        m_open.pop_back();
    }
}

TemplateToken ExpressionScanner::operation() {
    static constexpr std::array<std::string_view, 6> kPairs{"==", "!=", "<=", ">=", "//", "**"};
    TemplateToken made = token(TokenKind::Operator);
    const std::string_view two = m_text.substr(m_at, 2);
    if (std::ranges::find(kPairs, two) != kPairs.end()) {
        made.text = two;
    } else if (std::string_view("+-*/%~<>=|.,:;()[]{}").find(m_text[m_at]) != std::string_view::npos) {
        made.text = m_text.substr(m_at, 1);
        balance(m_text[m_at]);
    } else {
        faultAt(m_line, "the character '{}' has no meaning in a tag", characters(m_text.substr(m_at, 4)).front());
    }
    m_at += made.text.size();
    return made;
}

}  // namespace kvscope::text
