// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/split_name.h"

#include <fmt/format.h>

#include <charconv>

namespace kvscope::gguf {
namespace {

constexpr std::string_view kSuffix = ".gguf";
constexpr std::string_view kOf = "-of-";
constexpr std::size_t kDigits = 5;

/// Takes five digits off the end.
std::optional<std::uint64_t> takeNumber(std::string_view& text) {
    if (text.size() < kDigits) return std::nullopt;
    const std::string_view digits = text.substr(text.size() - kDigits);
    std::uint64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
    text.remove_suffix(kDigits);
    return value;
}

bool takeText(std::string_view& text, std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
}

}  // namespace

std::string SplitName::text() const {
    return fmt::format("{}-{:05}{}{:05}{}", prefix, number, kOf, count, kSuffix);
}

std::optional<SplitName> parseSplitName(std::string_view fileName) {
    std::string_view rest = fileName;
    if (!takeText(rest, kSuffix)) return std::nullopt;
    const auto count = takeNumber(rest);
    if (!count || !takeText(rest, kOf)) return std::nullopt;
    const auto number = takeNumber(rest);
    if (!number || !takeText(rest, "-")) return std::nullopt;
    return SplitName{std::string(rest), *number, *count};
}

}  // namespace kvscope::gguf
