// SPDX-License-Identifier: Apache-2.0
// The tests behind `is`.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "engine/text/chat/filters.h"
#include "engine/text/chat/operators.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

bool isSequence(const Value& value) {
    return value.isUndefined() || value.isString() || value.isDict() ||
           (value.isList() &&
            (value.list().flavour == ListFlavour::List || value.list().flavour == ListFlavour::Tuple));
}

bool isPlain(std::string_view name, const Value& value, bool& known) {
    known = true;
    if (name == "defined") return !value.isUndefined();
    if (name == "undefined") return value.isUndefined();
    if (name == "none") return value.isNone();
    if (name == "boolean") return value.isBool();
    if (name == "true") return value.isBool() && value.boolean();
    if (name == "false") return value.isBool() && !value.boolean();
    if (name == "integer") return value.isInt();
    if (name == "float") return value.isFloat();
    if (name == "number") return value.isNumber();
    if (name == "string") return value.isString();
    if (name == "mapping") return value.isDict();
    if (name == "sequence") return isSequence(value);
    if (name == "iterable") return value.isUndefined() || value.isString() || value.isDict() || value.isList();
    if (name == "callable") return value.isObject() && value.object().callable();
    if (name == "escaped") return false;
    known = false;
    return false;
}

std::int64_t remainder(const Value& value, std::int64_t divisor, Budget& budget) {
    const Value rest = binary("%", value, Value(divisor), budget);
    return rest.isFloat() ? static_cast<std::int64_t>(std::ceil(std::abs(rest.real()))) : rest.integer();
}

/// The operator that a test with one argument stands for, or an empty text.
std::string_view operatorOf(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kTable{{{"eq", "=="},
                                                                                           {"equalto", "=="},
                                                                                           {"==", "=="},
                                                                                           {"ne", "!="},
                                                                                           {"!=", "!="},
                                                                                           {"gt", ">"},
                                                                                           {"greaterthan", ">"},
                                                                                           {">", ">"},
                                                                                           {"ge", ">="},
                                                                                           {">=", ">="},
                                                                                           {"lt", "<"},
                                                                                           {"lessthan", "<"},
                                                                                           {"le", "<="},
                                                                                           {"in", "in"}}};
    static constexpr std::array<std::string_view, 2> kSame{"<", "<="};
    const auto found = std::ranges::find(kTable, name, &std::pair<std::string_view, std::string_view>::first);
    if (found != kTable.end()) return found->second;
    const auto same = std::ranges::find(kSame, name);
    return same != kSame.end() ? *same : std::string_view();
}

bool isKnownFilter(std::string_view name) {
    return std::ranges::any_of(std::array{textFilters(), listFilters(), valueFilters()}, [&](const auto table) {
        return std::ranges::find(table, name, &FilterEntry::name) != table.end();
    });
}

/// True when there are letters with a case and none of the other.
bool hasCase(const std::string& text, bool upper) {
    const std::string up = upperCase(text), low = lowerCase(text);
    return up != low && text == (upper ? up : low);
}

bool sameThing(const Value& a, const Value& b, Budget& budget) {
    if (a.typeName() != b.typeName()) return false;
    if (a.isList()) return &a.list() == &b.list();
    if (a.isDict()) return &a.dict() == &b.dict();
    return equal(a, b, budget);
}

}  // namespace

bool Interpreter::applyTest(const std::string& name, const Value& subject, const Arguments& arguments) {
    bool known = false;
    const bool plain = isPlain(name, subject, known);
    if (known) {
        arguments.expectAtMost(0, {}, "the test");
        return plain;
    }
    if (name == "odd" || name == "even") return (remainder(subject, 2, m_budget) != 0) == (name == "odd");
    if (name == "upper" || name == "lower") return hasCase(printed(subject, m_budget), name == "upper");
    if (name == "filter") return subject.isString() && isKnownFilter(subject.string());
    const std::string_view op = operatorOf(name);
    if (op.empty() && name != "divisibleby" && name != "sameas") {
        fault("the test '{}' is not supported", name.substr(0, 60));
    }
    if (arguments.positional.size() != 1 || !arguments.named.empty()) fault("the test '{}' needs one argument", name);
    const Value& argument = arguments.positional.front();
    if (name == "sameas") return sameThing(subject, argument, m_budget);
    if (name == "divisibleby") {
        if (!argument.isInt()) fault("divisibleby needs an integer");
        return remainder(subject, argument.integer(), m_budget) == 0;
    }
    return compares(op, subject, argument, m_budget);
}

}  // namespace kvscope::text
