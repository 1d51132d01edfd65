// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "app/cli/command.h"
#include "app/cli/json.h"
#include "engine/base/units.h"

namespace kvscope::cli {

namespace {

constexpr const char* kNone =
    "No usable Vulkan device was found: install a driver (Debian: mesa-vulkan-drivers also brings one that runs on the "
    "CPU)";

void printText(const std::vector<runtime::DeviceDescription>& devices) {
    for (const runtime::DeviceDescription& device : devices) {
        fmt::print("{}: {} ({}{})\n", device.index, device.name, device.kind, device.isCpu ? ", runs on the CPU" : "");
        fmt::print(
            "   driver   {}\n   Vulkan   {}\n   UUID     {}\n   memory   {}\n   features {}\n", device.driver,
            device.vulkanVersion, device.uuid, formatBytes(device.memoryBytes),
            device.features.empty() ? "none of the optional ones" : fmt::format("{}", fmt::join(device.features, " ")));
    }
}

Json toJson(const std::vector<runtime::DeviceDescription>& devices, const std::string& message) {
    Json list = Json::array();
    for (const runtime::DeviceDescription& device : devices) {
        Json entry = deviceJson(device);
        entry["index"] = device.index;
        entry["vulkan"] = device.vulkanVersion;
        entry["memory_bytes"] = device.memoryBytes;
        entry["features"] = device.features;
        list.push_back(std::move(entry));
    }
    return {{"schema_version", kJsonVersion},
            {"devices", std::move(list)},
            {"message", message.empty() ? Json(nullptr) : Json(message)}};
}

Result<int> listAll(bool json) {
    auto devices = runtime::listDevices();
    if (!devices && devices.error().kind != ErrorKind::NoDevice) return forward(devices);
    const bool none = !devices || devices->empty();
    const std::string message = none ? kNone : "";
    if (json) {
        printJson(toJson(devices.value_or(std::vector<runtime::DeviceDescription>{}), message));
    } else if (none) {
        fmt::print("{}.\n", message);
    } else {
        printText(*devices);
    }
    return none ? kExitNoDevice : kExitOk;
}

}  // namespace

Body setupDevices(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "prints JSON");
    app.footer(
        "The number, a part of the name or the UUID choose a device for --device. A device that runs on the CPU\n"
        "is taken only when there is no other or when it is named. Exit code 4 when there is none.");
    return [json](const Context&) { return listAll(*json); };
}

}  // namespace kvscope::cli
