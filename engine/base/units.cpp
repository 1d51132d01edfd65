// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace kvscope {

namespace {

constexpr const char* kThinSpace = "\xE2\x80\x89";

std::string threeDigits(double value) {
    const double magnitude = std::abs(value);
    if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
    if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
    return fmt::format("{:.2f}", value);
}

}  // namespace

std::string formatBytes(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{}{}B", bytes, kThinSpace);
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return threeDigits(value) + kThinSpace + units.at(unit);
}

std::string formatCount(double count) {
    constexpr std::array units{"", "k", "M", "G", "T"};
    if (std::abs(count) < 1000) return count == std::floor(count) ? fmt::format("{:.0f}", count) : threeDigits(count);
    std::size_t unit = 0;
    while (std::abs(count) >= 999.5 && unit + 1 < units.size()) {
        count /= 1000;
        ++unit;
    }
    return threeDigits(count) + kThinSpace + units.at(unit);
}

std::string formatNanoseconds(double nanoseconds) {
    constexpr std::array units{"ns", "\xC2\xB5s", "ms", "s"};
    std::size_t unit = 0;
    while (std::abs(nanoseconds) >= 999.5 && unit + 1 < units.size()) {
        nanoseconds /= 1000;
        ++unit;
    }
    return threeDigits(nanoseconds) + kThinSpace + units.at(unit);
}

}  // namespace kvscope
