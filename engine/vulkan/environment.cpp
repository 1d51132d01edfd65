// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/environment.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "engine/base/checked.h"

namespace kvscope::vulkan {

namespace {

std::vector<std::string> split(const char* text) {
    std::vector<std::string> parts;
    if (text == nullptr) return parts;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        if (comma > 0) parts.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return parts;
}

}  // namespace

std::optional<std::uint64_t> parseBytes(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit.empty() || unit == "B") return number;
    if (unit == "KiB") return checkedMul(number, 1ULL << 10U);
    if (unit == "MiB") return checkedMul(number, 1ULL << 20U);
    if (unit == "GiB") return checkedMul(number, 1ULL << 30U);
    return std::nullopt;
}

Environment Environment::read() {
    Environment environment;
    environment.disabled = split(std::getenv("KVSCOPE_VK_DISABLE"));
    for (const std::string& limit : split(std::getenv("KVSCOPE_VK_LIMIT"))) {
        const std::size_t equals = limit.find('=');
        if (equals == std::string::npos) continue;
        const auto bytes = parseBytes(std::string_view(limit).substr(equals + 1));
        if (limit.starts_with("range=")) environment.rangeLimit = bytes;
        if (limit.starts_with("memory=")) environment.memoryLimit = bytes;
    }
    return environment;
}

bool Environment::isDisabled(std::string_view feature) const {
    return std::ranges::find(disabled, feature) != disabled.end();
}

}  // namespace kvscope::vulkan
