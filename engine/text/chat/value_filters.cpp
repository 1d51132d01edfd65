// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>

#include "engine/text/chat/filters.h"
#include "engine/text/chat/methods.h"
#include "engine/text/chat/operators.h"
#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"

namespace kvscope::text {

namespace {

Value fallback(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"default_value", "boolean"}, "default");
    const bool wanted = subject.isUndefined() || (flagArgument(arguments, 1, "boolean", false) && !truth(subject));
    if (!wanted) return subject;
    const Value* value = arguments.find(0, "default_value");
    return value != nullptr ? *value : Value::string({}, in.budget());
}

std::optional<double> parsedReal(std::string_view text) {
    text = stripped(text, {});
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || last != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> parsedInteger(std::string_view text, int base) {
    text = stripped(text, {});
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || text.starts_with('-')) return std::nullopt;
    std::int64_t value = 0;
    const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || last != text.data() + text.size()) return std::nullopt;
    return negative ? -value : value;
}

Value truncated(double value, const Value& otherwise) {
    constexpr double kEdge = 9223372036854775808.0;
    if (!std::isfinite(value)) return otherwise;
    if (value >= kEdge || value < -kEdge) fault("{} does not fit an integer of 64 bits", value);
    return Value(static_cast<std::int64_t>(value));
}

Value integer(Interpreter& /*in*/, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"default", "base"}, "int");
    const Value* given = arguments.find(0, "default");
    const Value otherwise = given != nullptr ? *given : Value(std::int64_t{0});
    const std::int64_t base = integerArgument(arguments, 1, "base", 10);
    if (base < 2 || base > 36) fault("int knows bases from 2 to 36, not {}", base);
    if (subject.defined().isFloat()) return truncated(subject.real(), otherwise);
    if (subject.isNumber()) return Value(subject.integer());
    if (!subject.isString()) return otherwise;
    if (const auto whole = parsedInteger(subject.string(), static_cast<int>(base))) return Value(*whole);
    if (const auto real = parsedReal(subject.string())) return truncated(*real, otherwise);
    return otherwise;
}

Value real(Interpreter& /*in*/, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(1, {"default"}, "float");
    const Value* given = arguments.find(0, "default");
    if (subject.defined().isNumber()) return Value(subject.real());
    if (subject.isString()) {
        if (const auto value = parsedReal(subject.string())) return Value(*value);
    }
    return given != nullptr ? *given : Value(0.0);
}

Value absolute(Interpreter& /*in*/, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(0, {}, "abs");
    if (!subject.defined().isNumber()) fault("abs needs a number, not {}", subject.typeName());
    if (subject.isFloat()) return Value(std::abs(subject.real()));
    return signOf(subject.integer() < 0 ? "-" : "+", subject);
}

Value round(Interpreter& /*in*/, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(2, {"precision", "method"}, "round");
    if (!subject.defined().isNumber()) fault("round needs a number, not {}", subject.typeName());
    const std::int64_t precision = integerArgument(arguments, 0, "precision", 0);
    if (precision < -20 || precision > 20) fault("round knows precisions from -20 to 20, not {}", precision);
    const std::string* method = textArgument(arguments, 1, "method");
    if (!subject.isFloat() && precision >= 0 && (method == nullptr || *method == "common")) return subject;
    const double scale = std::pow(10.0, static_cast<double>(precision));
    if (method != nullptr && *method == "ceil") return Value(std::ceil(subject.real() * scale) / scale);
    if (method != nullptr && *method == "floor") return Value(std::floor(subject.real() * scale) / scale);
    return Value(std::nearbyint(subject.real() * scale) / scale);
}

Value attribute(Interpreter& in, const Value& subject, const Arguments& arguments) {
    arguments.expectAtMost(1, {"name"}, "attr");
    const std::string* name = textArgument(arguments, 0, "name");
    if (name == nullptr) fault("attr needs a name");
    if (subject.defined().isDict() && findMethod(subject, *name) == nullptr) {
        return Value::undefined("attr finds no members of dictionaries");
    }
    return in.attribute(subject, *name);
}

}  // namespace

std::span<const FilterEntry> valueFilters() {
    static constexpr std::array<FilterEntry, 7> kTable{{{"default", fallback},
                                                        {"d", fallback},
                                                        {"int", integer},
                                                        {"float", real},
                                                        {"abs", absolute},
                                                        {"round", round},
                                                        {"attr", attribute}}};
    return kTable;
}

}  // namespace kvscope::text
