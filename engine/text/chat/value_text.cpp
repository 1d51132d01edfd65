// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/value_text.h"

#include <algorithm>
#include <cmath>

#include "engine/text/chat/value_logic.h"
#include "engine/text/utf8.h"

namespace kvscope::text {

namespace {

std::string floatText(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    std::string text = fmt::format("{}", value);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

/// A string as Python's repr() writes it; characters beyond ASCII as they are.
std::string quoted(const std::string& text) {
    const bool doubleQuotes = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
    const char quote = doubleQuotes ? '"' : '\'';
    std::string out(1, quote);
    for (const char byte : text) {
        const auto code = static_cast<unsigned char>(byte);
        if (byte == quote || byte == '\\') {
            out += '\\';
            out += byte;
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (code < 0x20 || code == 0x7F) {
            out += fmt::format("\\x{:02x}", code);
        } else {
            out += byte;
        }
    }
    return out + quote;
}

/// Writes values as Python's repr() does.
class ReprWriter {
  public:
    explicit ReprWriter(Budget& budget) : m_budget(budget) {}

    void write(const Value& value) {
        m_budget.charge(8);
        if (value.isString()) {
            m_budget.charge(value.string().size());
            m_out += quoted(value.string());
        } else if (value.isDict()) {
            writeDict(value.dict());
        } else if (value.isList()) {
            writeList(value);
        } else {
            m_out += value.isUndefined() ? "Undefined" : printed(value, m_budget);
        }
    }
    std::string take() { return std::move(m_out); }

  private:
    void writeList(const Value& value) {
        const ListData& list = value.list();
        const bool tuple = list.flavour == ListFlavour::Tuple;
        const bool plain = tuple || list.flavour == ListFlavour::List;
        if (!plain) m_out += fmt::format("{}(", value.typeName());
        m_out += tuple ? '(' : '[';
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0) m_out += ", ";
            write(list.items[i]);
        }
        if (tuple && list.items.size() == 1) m_out += ',';
        m_out += tuple ? ')' : ']';
        if (!plain) m_out += ')';
    }

    void writeDict(const DictData& dict) {
        m_out += '{';
        for (std::size_t i = 0; i < dict.items.size(); ++i) {
            if (i > 0) m_out += ", ";
            write(dict.items[i].first);
            m_out += ": ";
            write(dict.items[i].second);
        }
        m_out += '}';
    }

    Budget& m_budget;
    std::string m_out;
};

/// Writes values as json.dumps does.
class JsonWriter {
  public:
    JsonWriter(const JsonStyle& style, Budget& budget) : m_style(style), m_budget(budget) {}

    void write(const Value& value, std::size_t level) {
        m_budget.charge(8);
        value.defined();
        if (value.isString()) {
            writeString(value.string());
        } else if (value.isDict()) {
            writeDict(value.dict(), level);
        } else if (value.isList() && !value.isIterator()) {
            writeList(value.list(), level);
        } else if (value.isNumber() || value.isNone()) {
            m_out += scalar(value);
        } else {
            fault("a value of type {} cannot be written as JSON", value.typeName());
        }
    }
    std::string take() { return std::move(m_out); }

  private:
    std::string scalar(const Value& value) {
        if (value.isNone()) return "null";
        if (value.isBool()) return value.boolean() ? "true" : "false";
        if (!value.isFloat()) return std::to_string(value.integer());
        if (std::isnan(value.real())) return "NaN";
        if (std::isinf(value.real())) return value.real() < 0 ? "-Infinity" : "Infinity";
        return floatText(value.real());
    }

    void newLine(std::size_t level) {
        if (!m_style.indent) return;
        m_budget.charge(level * m_style.indent->size() + 1);
        m_out += '\n';
        for (std::size_t i = 0; i < level; ++i) m_out += *m_style.indent;
    }

    void writeList(const ListData& list, std::size_t level) {
        m_out += '[';
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0) separate();
            newLine(level + 1);
            write(list.items[i], level + 1);
        }
        if (!list.items.empty()) newLine(level);
        m_out += ']';
    }

    void writeDict(const DictData& dict, std::size_t level) {
        std::vector<const ValuePair*> pairs;
        for (const ValuePair& pair : dict.items) pairs.push_back(&pair);
        if (m_style.sortKeys) {
            std::ranges::stable_sort(pairs, [&](const ValuePair* a, const ValuePair* b) {
                return order(a->first, b->first, m_budget) == std::partial_ordering::less;
            });
        }
        m_out += '{';
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            if (i > 0) separate();
            newLine(level + 1);
            const Value& key = pairs[i]->first;
            writeString(key.isString() ? key.string() : scalar(key));
            m_budget.charge(m_style.keySeparator.size());
            m_out += m_style.keySeparator;
            write(pairs[i]->second, level + 1);
        }
        if (!pairs.empty()) newLine(level);
        m_out += '}';
    }

    void separate() {
        m_budget.charge(m_style.itemSeparator.size());
        m_out += m_style.itemSeparator;
    }

    void writeString(const std::string& text) {
        m_budget.charge(2 * text.size());
        m_out += '"';
        for (std::size_t at = 0; at < text.size();) {
            const auto code = static_cast<unsigned char>(text[at]);
            if (code < 0x80 || !m_style.escapeNonAscii) {
                writeAscii(text[at++]);
                continue;
            }
            const std::string_view rest = std::string_view(text).substr(at);
            const Utf8Prefix prefix = utf8Prefix(rest);
            writeEscaped(prefix.state == Utf8State::Whole ? utf8CodePoint(rest.substr(0, prefix.bytes)) : 0xFFFD);
            at += std::min(prefix.bytes, rest.size());
        }
        m_out += '"';
    }

    void writeAscii(char byte) {
        static constexpr std::string_view kFrom = "\"\\\n\r\t\b\f", kTo = "\"\\nrtbf";
        if (const std::size_t at = kFrom.find(byte); at != std::string_view::npos) {
            m_out += '\\';
            m_out += kTo[at];
        } else if (static_cast<unsigned char>(byte) < 0x20) {
            m_out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
        } else {
            m_out += byte;
        }
    }

    void writeEscaped(char32_t point) {
        const auto code = static_cast<std::uint32_t>(point);
        if (code < 0x10000) {
            m_out += fmt::format("\\u{:04x}", code);
        } else {
            m_out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
        }
    }

    const JsonStyle& m_style;
    Budget& m_budget;
    std::string m_out;
};

}  // namespace

std::string printed(const Value& value, Budget& budget) {
    if (value.isString()) {
        budget.charge(value.string().size());
        return value.string();
    }
    if (value.isUndefined()) return {};
    if (value.isNone()) return "None";
    if (value.isBool()) return value.boolean() ? "True" : "False";
    if (value.isInt()) return std::to_string(value.integer());
    if (value.isFloat()) return floatText(value.real());
    if (value.isObject()) return value.object().describe();
    ReprWriter writer(budget);
    writer.write(value);
    return writer.take();
}

std::string jsonText(const Value& value, const JsonStyle& style, Budget& budget) {
    JsonWriter writer(style, budget);
    writer.write(value, 0);
    return writer.take();
}

}  // namespace kvscope::text
