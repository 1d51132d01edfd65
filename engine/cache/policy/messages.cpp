// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/messages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace kvscope::cache {
namespace {

constexpr std::size_t kMaxQuoted = 40;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string quoteToken(std::string_view token) {
    std::string text = "'";
    for (const char c : token.substr(0, kMaxQuoted)) {
        if (c >= ' ' && c <= '~') {
            text += c;
        } else {
            text += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
    }
    if (token.size() > kMaxQuoted) text += "...";
    return text + "'";
}

Error makePolicyError(std::string_view token, std::size_t column, std::string_view message) {
    std::string where = token.empty() ? fmt::format("policy: end of text (column {})", column)
                                      : fmt::format("policy: {} (column {})", quoteToken(token), column);
    return Error{ErrorKind::BadPolicy, std::move(where), std::string(message)};
}

std::unexpected<Error> policyError(std::string_view token, std::size_t column, std::string_view message) {
    return std::unexpected(makePolicyError(token, column, message));
}

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t kLongestName = 32;
    if (word.size() > kLongestName) return {};
    std::string_view best;
    std::size_t bestDistance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = editDistance(word, candidate);
        if (distance < bestDistance && distance < candidate.size()) {
            best = candidate;
            bestDistance = distance;
        }
    }
    return best;
}

std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view candidate = nearest(word, candidates);
    return candidate.empty() ? std::string() : fmt::format("; did you mean '{}'?", candidate);
}

std::string listed(std::span<const std::string_view> names, std::string_view none) {
    return names.empty() ? std::string(none) : fmt::format("{}", fmt::join(names, ", "));
}

std::string numberText(double value) {
    std::array<char, 400> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
    return {buffer.data(), end.ptr};
}

}  // namespace kvscope::cache
