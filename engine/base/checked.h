// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace kvscope {

/// a + b, or nothing when it does not fit 64 bits. Every number from a file passes here before it sizes anything.
[[nodiscard]] constexpr std::optional<std::uint64_t> checkedAdd(std::uint64_t a, std::uint64_t b) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

/// a * b, or nothing when it does not fit 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> checkedMul(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

/// The smallest multiple of `unit` (a positive number) that is at least `value`; nothing on overflow.
[[nodiscard]] constexpr std::optional<std::uint64_t> checkedRoundUp(std::uint64_t value, std::uint64_t unit) {
    const std::uint64_t rest = value % unit;
    return rest == 0 ? std::optional(value) : checkedAdd(value, unit - rest);
}

/// ceil(a / b) for sizes that are known to be small.
[[nodiscard]] constexpr std::uint64_t ceilDiv(std::uint64_t a, std::uint64_t b) {
    return a / b + (a % b != 0 ? 1 : 0);
}

/// The smallest multiple of `unit` that is at least `value`, for sizes that are known to be small.
[[nodiscard]] constexpr std::uint64_t roundUp(std::uint64_t value, std::uint64_t unit) {
    return ceilDiv(value, unit) * unit;
}

}  // namespace kvscope
