// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "engine/text/chat/value.h"

namespace kvscope::text {

// Python's operators. Integers have 64 bits; what does not fit is an error.

/// op: + - * / // % **
[[nodiscard]] Value binary(std::string_view op, const Value& left, const Value& right, Budget& budget);
/// op: == != < <= > >= in "not in"
[[nodiscard]] bool compares(std::string_view op, const Value& left, const Value& right, Budget& budget);
/// op: + -
[[nodiscard]] Value signOf(std::string_view op, const Value& operand);

/// [begin:end:step], negative ones from the end.
struct SliceBounds {
    std::optional<std::int64_t> begin, end;
    std::int64_t step = 1;
};
/// Of a list, a tuple or a string.
[[nodiscard]] Value slice(const Value& object, const SliceBounds& bounds, Budget& budget);

/// Python's "text" % values, for %s, %d and %%.
[[nodiscard]] Value formatted(const std::string& format, const Values& values, Budget& budget);

}  // namespace kvscope::text
