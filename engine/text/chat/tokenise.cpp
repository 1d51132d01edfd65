// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/text/chat/expression_scanner.h"
#include "engine/text/chat/token.h"
#include "engine/text/chat/unicode_text.h"

namespace kvscope::text {

namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

std::string normalised(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            out += '\n';
            if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        } else {
            out += text[i];
        }
    }
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

/// Walks over the text between tags.
class TemplateScanner {
  public:
    TemplateScanner(std::string text, const ChatLimits& limits) : m_text(std::move(text)), m_limits(limits) {}

    std::vector<TemplateToken> scan() {
        while (m_at < m_text.size()) {
            const std::size_t tag = nextTag();
            if (tag == std::string::npos) {
                addData(m_text.substr(m_at));
                m_at = m_text.size();
                break;
            }
            scanTag(tag);
        }
        add(TokenKind::End);
        return std::move(m_tokens);
    }

  private:
    [[nodiscard]] std::size_t nextTag() const {
        for (std::size_t at = m_at; (at = m_text.find('{', at)) != std::string::npos; ++at) {
            if (at + 1 < m_text.size() && std::string_view("{%#").find(m_text[at + 1]) != std::string_view::npos) {
                return at;
            }
        }
        return std::string::npos;
    }

    void scanTag(std::size_t tag) {
        const char kind = m_text[tag + 1];
        const char sign = tag + 2 < m_text.size() ? m_text[tag + 2] : ' ';
        const bool signedTag = sign == '-' || sign == '+';
        addData(dataBefore(tag, sign, kind != '{'));
        advance(tag + (signedTag ? 3 : 2));
        if (kind == '#') {
            skipComment();
        } else if (kind == '%' && scanRaw()) {
            return;
        } else {
            scanExpression(kind == '{');
        }
    }

    /// The text in front of a tag, without what white space control takes off its end.
    [[nodiscard]] std::string dataBefore(std::size_t tag, char sign, bool mayStrip) const {
        std::string data = m_text.substr(m_at, tag - m_at);
        if (sign == '-') {
            data.resize(stripped(data, {.left = false}).size());
        } else if (sign != '+' && mayStrip) {
            const std::size_t lineBegin = data.rfind('\n') + 1;  // 0 when there is none
            if ((lineBegin > 0 || m_lineStarting) && data.find_first_not_of(kBlanks, lineBegin) == std::string::npos) {
                data.resize(lineBegin);
            }
        }
        return data;
    }

    void scanExpression(bool variable) {
        add(variable ? TokenKind::VariableBegin : TokenKind::BlockBegin);
        ExpressionScanner scanner(m_text, m_at, m_line, m_limits);
        scanner.scan(variable ? "}}" : "%}", m_tokens);
        m_line = scanner.line();
        m_at = scanner.at();
        add(variable ? TokenKind::VariableEnd : TokenKind::BlockEnd);
        endTag(scanner.endSign(), variable);
    }

    /// Behind the end of a tag: "-" takes all blanks, a block its line end unless it says "+".
    void endTag(char sign, bool variable) {
        std::size_t to = m_at;
        if (sign == '-') {
            to = std::min(m_text.find_first_not_of(kBlanks, m_at), m_text.size());
        } else if (!variable && sign != '+' && to < m_text.size() && m_text[to] == '\n') {
            ++to;
        }
        m_lineStarting = to > m_at && m_text[to - 1] == '\n';
        advance(to);
    }

    void skipComment() {
        const std::size_t end = m_text.find("#}", m_at);
        if (end == std::string::npos) faultAt(m_line, "a comment is not closed; '#}}' is missing");
        const char sign = end > m_at ? m_text[end - 1] : ' ';
        advance(end + 2);
        endTag(sign, false);
    }

    /// {% raw %}…{% endraw %}; false when it is another block.
    bool scanRaw() {
        std::size_t at = std::min(m_text.find_first_not_of(kBlanks, m_at), m_text.size());
        if (m_text.compare(at, 3, "raw") != 0) return false;
        at = std::min(m_text.find_first_not_of(kBlanks, at + 3), m_text.size());
        const bool trims = m_text.compare(at, 3, "-%}") == 0;
        if (!trims && m_text.compare(at, 2, "%}") != 0) return false;
        const int begin = m_line;
        advance(at + (trims ? 3 : 2));
        m_lineStarting = false;
        if (trims) endTag('-', true);
        for (std::size_t tag = m_at; (tag = m_text.find("{%", tag)) != std::string::npos; tag += 2) {
            const char sign = tag + 2 < m_text.size() ? m_text[tag + 2] : ' ';
            std::size_t name = tag + (sign == '-' || sign == '+' ? 3 : 2);
            name = std::min(m_text.find_first_not_of(kBlanks, name), m_text.size());
            if (m_text.compare(name, 6, "endraw") != 0) continue;
            std::size_t end = std::min(m_text.find_first_not_of(kBlanks, name + 6), m_text.size());
            const char endSign = end < m_text.size() ? m_text[end] : ' ';
            if (endSign == '-' || endSign == '+') ++end;
            if (m_text.compare(end, 2, "%}") != 0) continue;
            addData(dataBefore(tag, sign, true));
            advance(end + 2);
            endTag(endSign, false);
            return true;
        }
        faultAt(begin, "the block 'raw' is not closed; '{{% endraw %}}' is missing");
    }

    void add(TokenKind kind) {
        TemplateToken token;
        token.kind = kind;
        token.line = m_line;
        m_tokens.push_back(std::move(token));
    }

    void addData(std::string data) {
        if (data.empty()) return;
        add(TokenKind::Data);
        m_tokens.back().text = std::move(data);
    }

    void advance(std::size_t to) {
        m_line += static_cast<int>(std::count(m_text.begin() + static_cast<std::ptrdiff_t>(m_at),
                                              m_text.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
        m_at = to;
    }

    std::string m_text;
    const ChatLimits& m_limits;
    std::vector<TemplateToken> m_tokens;
    std::size_t m_at = 0;
    int m_line = 1;
    bool m_lineStarting = true;
};

}  // namespace

std::vector<TemplateToken> tokenise(std::string_view text, const ChatLimits& limits) {
    if (text.size() > limits.templateBytes) {
        fault("the template has {} bytes, more than the {} that are allowed", text.size(), limits.templateBytes);
    }
    return TemplateScanner(normalised(text), limits).scan();
}

}  // namespace kvscope::text
