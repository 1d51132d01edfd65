// SPDX-License-Identifier: Apache-2.0
#include "app/cli/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace kvscope::cli {

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json uniform(std::span<const std::uint32_t> values) {
    if (values.empty()) return nullptr;
    const bool same = std::ranges::all_of(values, [&](std::uint32_t v) { return v == values.front(); });
    return same ? Json(values.front()) : Json(std::vector<std::uint32_t>(values.begin(), values.end()));
}

Json deviceJson(const runtime::DeviceDescription& device) {
    return {{"name", device.name},
            {"uuid", device.uuid},
            {"driver", device.driver},
            {"kind", device.kind},
            {"is_cpu", device.isCpu}};
}

void printJson(const Json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace kvscope::cli
