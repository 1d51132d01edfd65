// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/base/error.h"
#include "engine/vulkan/device_choice.h"
#include "engine/vulkan/environment.h"

namespace kvscope::vulkan {

/// A logical device with one compute queue and the pipeline cache. Created once, handed down by reference, outlives
/// everything made from it. Used by one thread.
class Device {
  public:
    static Result<std::unique_ptr<Device>> create(const PhysicalDevice& physical, const Environment& environment);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    [[nodiscard]] VkDevice handle() const { return m_device; }
    [[nodiscard]] VkQueue queue() const { return m_queue; }
    [[nodiscard]] VkPipelineCache pipelineCache() const { return m_pipelineCache; }
    [[nodiscard]] const PhysicalDevice& physical() const { return m_physical; }
    /// Lanes of a workgroup that does reductions: the subgroup, or 32 where subgroups cannot be used.
    [[nodiscard]] std::uint32_t reductionLanes() const;
    /// Lanes of a workgroup that does none.
    [[nodiscard]] std::uint32_t plainLanes() const;

    /// Memory type for a buffer: all `required` flags and as many `preferred` as can be had; -1 = none.
    [[nodiscard]] int memoryType(std::uint32_t allowed, VkMemoryPropertyFlags required,
                                 VkMemoryPropertyFlags preferred) const;
    [[nodiscard]] VkMemoryPropertyFlags memoryFlags(int type) const;
    /// Bytes of all living buffers, and the bound: what a new one may still take.
    [[nodiscard]] std::uint64_t allocatedBytes() const { return m_allocated; }
    [[nodiscard]] std::uint64_t memoryBudget() const { return m_physical.memoryBytes; }
    void addAllocated(std::int64_t bytes) { m_allocated += static_cast<std::uint64_t>(bytes); }

    /// Writes the pipeline cache to disk (a failure is a miss the next time, no error).
    void savePipelineCache() const;

  private:
    explicit Device(PhysicalDevice physical) : m_physical(std::move(physical)) {}
    void loadPipelineCache();
    [[nodiscard]] std::filesystem::path cacheFile() const;

    PhysicalDevice m_physical;
    VkPhysicalDeviceMemoryProperties m_memory{};
    VkDevice m_device = VK_NULL_HANDLE;
    VkQueue m_queue = VK_NULL_HANDLE;
    VkPipelineCache m_pipelineCache = VK_NULL_HANDLE;
    std::uint64_t m_allocated = 0;
};

}  // namespace kvscope::vulkan
