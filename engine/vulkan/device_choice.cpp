// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/device_choice.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

namespace {

int rank(VkPhysicalDeviceType type) {
    switch (type) {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
            return 0;
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
            return 1;
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
            return 2;
        case VK_PHYSICAL_DEVICE_TYPE_CPU:
            return 4;
        default:
            return 3;
    }
}

std::string uuidText(const std::uint8_t* uuid) {
    std::string text;
    for (std::uint32_t i = 0; i < VK_UUID_SIZE; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", uuid[i]);
    }
    return text;
}

bool hasExtension(VkPhysicalDevice device, std::string_view wanted) {
    std::uint32_t count = 0;
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> extensions(count);
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
    return std::ranges::any_of(extensions, [&](const auto& e) { return wanted == e.extensionName; });
}

/// True when every workgroup of subgroupSize lanes is one subgroup: the size does not vary.
bool subgroupSizeIsFixed(VkPhysicalDevice device) {
    if (!hasExtension(device, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)) return true;
    VkPhysicalDeviceSubgroupSizeControlPropertiesEXT control{};
    control.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT;
    VkPhysicalDeviceProperties2 properties{};
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    properties.pNext = &control;
    vkGetPhysicalDeviceProperties2(device, &properties);
    return control.minSubgroupSize == control.maxSubgroupSize;
}

void readMemory(PhysicalDevice& device, const Environment& environment) {
    VkPhysicalDeviceMemoryProperties memory{};
    vkGetPhysicalDeviceMemoryProperties(device.handle, &memory);
    for (std::uint32_t i = 0; i < memory.memoryHeapCount; ++i) {
        if ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0) {
            device.memoryBytes = std::max<std::uint64_t>(device.memoryBytes, memory.memoryHeaps[i].size);
        }
    }
    if (environment.memoryLimit) device.memoryBytes = std::min(device.memoryBytes, *environment.memoryLimit);
    if (environment.rangeLimit) device.storageRange = std::min(device.storageRange, *environment.rangeLimit);
}

void readFeatures(PhysicalDevice& device) {
    VkPhysicalDeviceVulkan12Features v12{};
    v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    VkPhysicalDeviceVulkan11Features v11{};
    v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
    v11.pNext = &v12;
    VkPhysicalDeviceFeatures2 features{};
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    features.pNext = &v11;
    vkGetPhysicalDeviceFeatures2(device.handle, &features);
    device.fp16 = v12.shaderFloat16 == VK_TRUE;
    device.storage8 = v12.storageBuffer8BitAccess == VK_TRUE;
    device.storage16 = v11.storageBuffer16BitAccess == VK_TRUE;
}

PhysicalDevice describe(VkPhysicalDevice handle, const Environment& environment) {
    VkPhysicalDeviceVulkan12Properties v12{};
    v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES;
    VkPhysicalDeviceVulkan11Properties v11{};
    v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES;
    v11.pNext = &v12;
    VkPhysicalDeviceProperties2 properties{};
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    properties.pNext = &v11;
    vkGetPhysicalDeviceProperties2(handle, &properties);
    const VkPhysicalDeviceProperties& core = properties.properties;
    PhysicalDevice device;
    device.handle = handle;
    device.name = core.deviceName;
    device.uuid = uuidText(v11.deviceUUID);
    device.driver = fmt::format("{} {}", v12.driverName, v12.driverInfo);
    device.version = fmt::format("{}.{}.{}", VK_API_VERSION_MAJOR(core.apiVersion),
                                 VK_API_VERSION_MINOR(core.apiVersion), VK_API_VERSION_PATCH(core.apiVersion));
    device.type = core.deviceType;
    device.unified = device.type != VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU && !environment.isDisabled("unified");
    device.storageRange = core.limits.maxStorageBufferRange;
    device.allocationLimit = v11.maxMemoryAllocationSize;
    device.subgroupSize = v11.subgroupSize;
    constexpr VkSubgroupFeatureFlags kNeeded = VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
    device.subgroupArithmetic = (v11.subgroupSupportedOperations & kNeeded) == kNeeded &&
                                (v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
                                v11.subgroupSize >= 4 && v11.subgroupSize <= 32 && subgroupSizeIsFixed(handle) &&
                                !environment.isDisabled("subgroup");
    device.timestamps = core.limits.timestampComputeAndGraphics == VK_TRUE && !environment.isDisabled("timestamps");
    device.timestampPeriodNs = static_cast<double>(core.limits.timestampPeriod);
    readMemory(device, environment);
    readFeatures(device);
    return device;
}

bool findComputeQueue(PhysicalDevice& device) {
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count, families.data());
    for (std::uint32_t i = 0; i < count; ++i) {
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) != 0) {
            device.queueFamily = i;
            return true;
        }
    }
    return false;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

}  // namespace

const char* PhysicalDevice::kind() const {
    switch (type) {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
            return "discrete";
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
            return "integrated";
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
            return "virtual";
        case VK_PHYSICAL_DEVICE_TYPE_CPU:
            return "cpu";
        default:
            return "other";
    }
}

std::vector<std::string> PhysicalDevice::features() const {
    std::vector<std::string> list;
    if (fp16) list.emplace_back("fp16");
    if (storage8) list.emplace_back("storage8");
    if (storage16) list.emplace_back("storage16");
    if (subgroupArithmetic) list.push_back(fmt::format("subgroup({})", subgroupSize));
    if (timestamps) list.emplace_back("timestamps");
    return list;
}

Result<std::vector<PhysicalDevice>> listPhysicalDevices(const Instance& instance, const Environment& environment) {
    std::uint32_t count = 0;
    KVS_VK(vkEnumeratePhysicalDevices(instance.handle(), &count, nullptr));
    std::vector<VkPhysicalDevice> handles(count);
    if (count > 0) KVS_VK(vkEnumeratePhysicalDevices(instance.handle(), &count, handles.data()));
    std::vector<PhysicalDevice> devices;
    for (VkPhysicalDevice handle : handles) {
        VkPhysicalDeviceProperties properties{};
        vkGetPhysicalDeviceProperties(handle, &properties);
        if (properties.apiVersion < VK_API_VERSION_1_2) continue;
        PhysicalDevice device = describe(handle, environment);
        if (!findComputeQueue(device)) continue;
        const bool known = std::ranges::any_of(devices, [&](const auto& d) { return d.uuid == device.uuid; });
        if (!known) devices.push_back(std::move(device));
    }
    std::ranges::stable_sort(devices, {}, [](const PhysicalDevice& d) { return rank(d.type); });
    return devices;
}

Result<PhysicalDevice> chooseDevice(const std::vector<PhysicalDevice>& devices, std::string_view wanted) {
    if (devices.empty()) {
        return fail(ErrorKind::NoDevice, "vulkan",
                    "no Vulkan 1.2 device with a compute queue was found; install a driver (on Debian, "
                    "mesa-vulkan-drivers has one that runs on the CPU)");
    }
    if (wanted.empty()) return devices.front();
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
    if (error == std::errc() && end == wanted.data() + wanted.size() && index < devices.size()) return devices[index];
    std::vector<const PhysicalDevice*> fitting;
    for (const PhysicalDevice& device : devices) {
        if (device.uuid == lower(wanted) || lower(device.name).find(lower(wanted)) != std::string::npos) {
            fitting.push_back(&device);
        }
    }
    if (fitting.size() == 1) return *fitting.front();
    std::string list;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        list += fmt::format("{}{}: {} ({})", i == 0 ? "" : "; ", i, devices[i].name, devices[i].uuid);
    }
    return fail(ErrorKind::NoDevice, "device", "'{}' fits {} of the devices: {}", wanted, fitting.size(), list);
}

}  // namespace kvscope::vulkan
