// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::cache {

/// The token in single quotes, bytes outside printable ASCII escaped, cut after 40 characters.
[[nodiscard]] std::string quoteToken(std::string_view token);

/// A BadPolicy error at a token: where = "policy: 'token' (column 6)"; an empty token is the end of the text.
[[nodiscard]] Error makePolicyError(std::string_view token, std::size_t column, std::string_view message);
[[nodiscard]] std::unexpected<Error> policyError(std::string_view token, std::size_t column, std::string_view message);

/// Levenshtein distance of two names, without regard to case.
[[nodiscard]] std::size_t editDistance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, if it is near enough to be meant (a third of the word's letters, at least one);
/// else empty.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "; did you mean 'sinks'?" or "".
[[nodiscard]] std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates);

/// "a, b, c", or `none` for no names.
[[nodiscard]] std::string listed(std::span<const std::string_view> names, std::string_view none);

/// The shortest decimal of a non-negative finite number that the grammar reads back: "256", "0.05".
[[nodiscard]] std::string numberText(double value);

}  // namespace kvscope::cache
