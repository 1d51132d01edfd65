// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/vulkan/environment.h"
#include "engine/vulkan/instance.h"

namespace kvscope::vulkan {

/// What a physical device is and can do, with what the environment switched off taken away.
struct PhysicalDevice {
    VkPhysicalDevice handle = VK_NULL_HANDLE;
    std::string name;
    std::string uuid;
    std::string driver;
    std::string version;
    VkPhysicalDeviceType type = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    std::uint32_t queueFamily = 0;
    std::uint64_t memoryBytes = 0;      ///< largest device-local heap
    std::uint64_t storageRange = 0;     ///< bytes one binding may span
    std::uint64_t allocationLimit = 0;  ///< bytes of one allocation
    std::uint32_t subgroupSize = 0;
    bool subgroupArithmetic = false;  ///< and a workgroup of subgroupSize is exactly one subgroup
    bool unified = true;              ///< device memory is the host's and may be mapped
    bool timestamps = false;
    double timestampPeriodNs = 0;
    bool fp16 = false, storage16 = false, storage8 = false;

    [[nodiscard]] bool isCpu() const { return type == VK_PHYSICAL_DEVICE_TYPE_CPU; }
    [[nodiscard]] const char* kind() const;
    [[nodiscard]] std::vector<std::string> features() const;
};

/// Usable devices (Vulkan 1.2, a compute queue), discrete before integrated before CPU implementation; the same UUID
/// under two drivers once.
[[nodiscard]] Result<std::vector<PhysicalDevice>> listPhysicalDevices(const Instance& instance,
                                                                      const Environment& environment);
/// Picks by index of the list, UUID, or part of the name (any case); empty = the best. NoDevice with the list of
/// what there is when nothing or more than one fits.
[[nodiscard]] Result<PhysicalDevice> chooseDevice(const std::vector<PhysicalDevice>& devices, std::string_view wanted);

}  // namespace kvscope::vulkan
