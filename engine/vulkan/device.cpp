// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/device.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

Result<std::unique_ptr<Device>> Device::create(const PhysicalDevice& physical, const Environment&) {
    std::unique_ptr<Device> device(new Device(physical));
    vkGetPhysicalDeviceMemoryProperties(physical.handle, &device->m_memory);
    const float priority = 1;
    VkDeviceQueueCreateInfo queue{};
    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue.queueFamilyIndex = physical.queueFamily;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    VkDeviceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    KVS_VK(vkCreateDevice(physical.handle, &info, nullptr, &device->m_device));
    vkGetDeviceQueue(device->m_device, physical.queueFamily, 0, &device->m_queue);
    device->loadPipelineCache();
    return device;
}

Device::~Device() {
    if (m_device == VK_NULL_HANDLE) return;
    vkDeviceWaitIdle(m_device);
    savePipelineCache();
    if (m_pipelineCache != VK_NULL_HANDLE) vkDestroyPipelineCache(m_device, m_pipelineCache, nullptr);
    vkDestroyDevice(m_device, nullptr);
}

std::uint32_t Device::reductionLanes() const {
    return m_physical.subgroupArithmetic ? m_physical.subgroupSize : 32;
}

std::uint32_t Device::plainLanes() const {
    return m_physical.isCpu() ? 8 : 64;
}

int Device::memoryType(std::uint32_t allowed, VkMemoryPropertyFlags required, VkMemoryPropertyFlags preferred) const {
    int best = -1;
    int bestScore = -1;
    for (std::uint32_t i = 0; i < m_memory.memoryTypeCount; ++i) {
        const VkMemoryPropertyFlags flags = m_memory.memoryTypes[i].propertyFlags;
        if ((allowed & (1U << i)) == 0 || (flags & required) != required) continue;
        const int score = __builtin_popcount(flags & preferred);
        if (score > bestScore) {
            best = static_cast<int>(i);
            bestScore = score;
        }
    }
    return best;
}

VkMemoryPropertyFlags Device::memoryFlags(int type) const {
    return m_memory.memoryTypes[static_cast<std::uint32_t>(type)].propertyFlags;
}

std::filesystem::path Device::cacheFile() const {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    std::filesystem::path base;
    if (cache != nullptr && *cache != '\0') {
        base = cache;
    } else if (home != nullptr && *home != '\0') {
        base = std::filesystem::path(home) / ".cache";
    } else {
        return {};
    }
    return base / "kvscope" / ("pipelines-" + m_physical.uuid + ".bin");
}

void Device::loadPipelineCache() {
    std::vector<char> bytes;
    const std::filesystem::path file = cacheFile();
    if (!file.empty()) {
        std::ifstream in(file, std::ios::binary);
        if (in) bytes.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    // The driver checks the header (vendor, device, UUID) itself and ignores data of another version.
    VkPipelineCacheCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
    info.initialDataSize = bytes.size();
    info.pInitialData = bytes.data();
    if (vkCreatePipelineCache(m_device, &info, nullptr, &m_pipelineCache) != VK_SUCCESS) {
        info.initialDataSize = 0;
        info.pInitialData = nullptr;
        if (vkCreatePipelineCache(m_device, &info, nullptr, &m_pipelineCache) != VK_SUCCESS) {
            m_pipelineCache = VK_NULL_HANDLE;
        }
    }
}

void Device::savePipelineCache() const {
    const std::filesystem::path file = cacheFile();
    if (file.empty() || m_pipelineCache == VK_NULL_HANDLE) return;
    std::size_t size = 0;
    if (vkGetPipelineCacheData(m_device, m_pipelineCache, &size, nullptr) != VK_SUCCESS || size == 0) return;
    std::vector<char> bytes(size);
    if (vkGetPipelineCacheData(m_device, m_pipelineCache, &size, bytes.data()) != VK_SUCCESS) return;
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    const std::filesystem::path fresh = file.string() + ".new";
    std::ofstream(fresh, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(size));
    std::filesystem::rename(fresh, file, ignored);
}

}  // namespace kvscope::vulkan
