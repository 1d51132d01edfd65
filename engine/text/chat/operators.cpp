// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/operators.h"

#include <algorithm>
#include <cmath>

#include "engine/text/chat/unicode_text.h"
#include "engine/text/chat/value_logic.h"
#include "engine/text/chat/value_text.h"

namespace kvscope::text {

namespace {

[[noreturn]] void tooLarge(std::string_view op) {
    fault("the result of '{}' does not fit 64 bits", op);
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
    std::int64_t result = 1;
    for (std::int64_t left = exponent; left > 0; --left) {
        if (__builtin_mul_overflow(result, base, &result)) tooLarge("**");
        if (result == 0 || (result == 1 && base == 1)) break;
        if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    }
    return result;
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b) {
    if (a == INT64_MIN && b == -1) tooLarge("//");
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value integers(std::string_view op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    bool overflow = false;
    if (op == "+") {
        overflow = __builtin_add_overflow(a, b, &result);
    } else if (op == "-") {
        overflow = __builtin_sub_overflow(a, b, &result);
    } else if (op == "*") {
        overflow = __builtin_mul_overflow(a, b, &result);
    } else if (op == "**") {
        if (b < 0) return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
        result = power(a, b);
    } else {
        if (b == 0) fault("'{}' divides by zero", op);
        if (op == "/") return Value(static_cast<double>(a) / static_cast<double>(b));
        if (op == "//") {
            result = floorDivide(a, b);
        } else {
            result = b == -1 ? 0 : a - floorDivide(a, b) * b;
        }
    }
    if (overflow) tooLarge(op);
    return Value(result);
}

Value reals(std::string_view op, double a, double b) {
    if (op == "+") return Value(a + b);
    if (op == "-") return Value(a - b);
    if (op == "*") return Value(a * b);
    if (op == "**") return Value(std::pow(a, b));
    if (b == 0) fault("'{}' divides by zero", op);
    if (op == "/") return Value(a / b);
    if (op == "//") return Value(std::floor(a / b));
    const double rest = std::fmod(a, b);
    return Value(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

Value repeated(const Value& value, std::int64_t times, Budget& budget) {
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(times, 0));
    const std::uint64_t size = value.isString() ? value.string().size() : value.list().items.size() * sizeof(Value);
    if (size > 0 && count > (std::uint64_t{1} << 40) / size) budget.charge(UINT64_MAX);
    budget.charge(size * count);
    if (value.isString()) {
        std::string text;
        for (std::uint64_t i = 0; size > 0 && i < count; ++i) text += value.string();
        return Value::string(std::move(text), budget);
    }
    Values items;
    for (std::uint64_t i = 0; size > 0 && i < count; ++i) {
        items.insert(items.end(), value.list().items.begin(), value.list().items.end());
    }
    return Value::list(std::move(items), budget, value.list().flavour);
}

bool isSequence(const Value& value) {
    return value.isList() && (value.list().flavour == ListFlavour::List || value.list().flavour == ListFlavour::Tuple);
}

Value joined(const Value& left, const Value& right, Budget& budget) {
    if (left.isString()) {
        budget.charge(left.string().size() + right.string().size());
        return Value::string(left.string() + right.string(), budget);
    }
    budget.charge((left.list().items.size() + right.list().items.size()) * sizeof(Value));
    Values items = left.list().items;
    items.insert(items.end(), right.list().items.begin(), right.list().items.end());
    return Value::list(std::move(items), budget, left.list().flavour);
}

/// Indices that a slice visits in a sequence of `size`, as Python has them.
std::vector<std::size_t> indices(const SliceBounds& bounds, std::int64_t size, Budget& budget) {
    if (bounds.step == 0) fault("the step of a slice is zero");
    const bool down = bounds.step < 0;
    const auto clamp = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
        if (!bound) return otherwise;
        const std::int64_t at = *bound < 0 ? std::max<std::int64_t>(*bound, -size - 1) + size : *bound;
        return std::clamp<std::int64_t>(at, down ? -1 : 0, down ? size - 1 : size);
    };
    const std::int64_t begin = clamp(bounds.begin, down ? size - 1 : 0);
    const std::int64_t end = clamp(bounds.end, down ? -1 : size);
    // A step beyond the size ends after one item; it is cut so that the sum below cannot overflow.
    const std::int64_t step = std::clamp<std::int64_t>(bounds.step, -size - 1, size + 1);
    std::vector<std::size_t> list;
    budget.charge(static_cast<std::uint64_t>(std::abs(end - begin) / std::max<std::int64_t>(std::abs(step), 1)) * 8);
    for (std::int64_t i = begin; down ? i > end : i < end; i += step) list.push_back(static_cast<std::size_t>(i));
    return list;
}

}  // namespace

Value binary(std::string_view op, const Value& left, const Value& right, Budget& budget) {
    left.defined();
    right.defined();
    if (left.isNumber() && right.isNumber()) {
        if (left.isFloat() || right.isFloat()) return reals(op, left.real(), right.real());
        return integers(op, left.integer(), right.integer());
    }
    if (op == "+" && left.isString() && right.isString()) return joined(left, right, budget);
    if (op == "+" && isSequence(left) && isSequence(right) && left.list().flavour == right.list().flavour) {
        return joined(left, right, budget);
    }
    const auto repeatable = [](const Value& value) { return value.isString() || isSequence(value); };
    const auto whole = [](const Value& value) { return value.isInt() || value.isBool(); };
    if (op == "*" && repeatable(left) && whole(right)) return repeated(left, right.integer(), budget);
    if (op == "*" && whole(left) && repeatable(right)) return repeated(right, left.integer(), budget);
    if (op == "%" && left.isString()) {
        const bool tuple = right.isList() && right.list().flavour == ListFlavour::Tuple;
        return formatted(left.string(), tuple ? right.list().items : Values{right}, budget);
    }
    fault("'{}' has no meaning between values of types {} and {}", op, left.typeName(), right.typeName());
}

bool compares(std::string_view op, const Value& left, const Value& right, Budget& budget) {
    if (op == "==") return equal(left, right, budget);
    if (op == "!=") return !equal(left, right, budget);
    if (op == "in") return contains(right, left, budget);
    if (op == "not in") return !contains(right, left, budget);
    const std::partial_ordering found = order(left, right, budget);
    if (op == "<") return std::is_lt(found);
    if (op == "<=") return std::is_lteq(found);
    return op == ">" ? std::is_gt(found) : std::is_gteq(found);
}

Value signOf(std::string_view op, const Value& operand) {
    if (!operand.defined().isNumber()) fault("'{}' needs a number, not {}", op, operand.typeName());
    if (operand.isFloat()) return Value(op == "-" ? -operand.real() : operand.real());
    if (operand.integer() == INT64_MIN) tooLarge(op);
    return Value(op == "-" ? -operand.integer() : operand.integer());
}

Value slice(const Value& object, const SliceBounds& bounds, Budget& budget) {
    object.defined();
    if (object.isString()) {
        budget.charge(object.string().size() * 2);
        const std::vector<std::string_view> all = characters(object.string());
        std::string text;
        for (const std::size_t i : indices(bounds, static_cast<std::int64_t>(all.size()), budget)) text += all[i];
        return Value::string(std::move(text), budget);
    }
    if (!isSequence(object)) fault("a value of type {} cannot be sliced", object.typeName());
    const Values& all = object.list().items;
    Values items;
    for (const std::size_t i : indices(bounds, static_cast<std::int64_t>(all.size()), budget)) items.push_back(all[i]);
    return Value::list(std::move(items), budget, object.list().flavour);
}

Value formatted(const std::string& format, const Values& values, Budget& budget) {
    std::string text;
    std::size_t used = 0;
    for (std::size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%') {
            text += format[at];
            continue;
        }
        const char kind = ++at < format.size() ? format[at] : ' ';
        if (kind == '%') {
            text += '%';
        } else if (kind != 's' && kind != 'd') {
            fault("only %s, %d and %% are supported when a text is formatted");
        } else if (used >= values.size()) {
            fault("the format has more places than the {} values given", values.size());
        } else {
            const Value& value = values[used++];
            if (kind == 'd' && !value.isNumber()) fault("%d needs a number, not {}", value.typeName());
            const bool whole = kind == 'd' && !value.isFloat();
            text += whole         ? std::to_string(value.integer())
                    : kind == 'd' ? fmt::format("{:.0f}", std::trunc(value.real()))
                                  : printed(value, budget);
        }
    }
    if (used < values.size()) fault("the format has {} places for {} values", used, values.size());
    return Value::string(std::move(text), budget);
}

}  // namespace kvscope::text
