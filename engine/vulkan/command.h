// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/vulkan/buffer.h"
#include "engine/vulkan/pipeline.h"

namespace kvscope::vulkan {

/// One dispatch: which pipeline over which buffers. buffers[i] goes to the pipeline's i-th binding.
struct DispatchCall {
    const Pipeline* pipeline = nullptr;
    std::vector<const Buffer*> buffers;
    std::span<const std::byte> push;
    std::uint32_t x = 1, y = 1, z = 1;
};

/// A command buffer that is recorded once and submitted many times, with timestamps if asked. Move-only. The destructor
/// must not run while a submission is in flight (submitAndWait() returns only afterwards).
class CommandList {
  public:
    /// `maxDispatches` bounds descriptor sets and timestamps.
    static Result<CommandList> begin(Device& device, std::uint32_t maxDispatches, bool timestamps);
    CommandList(CommandList&& other) noexcept { swap(other); }
    CommandList& operator=(CommandList&& other) noexcept {
        swap(other);
        return *this;
    }
    ~CommandList();

    /// Records the dispatch and a barrier after it: later work sees what it wrote.
    Result<void> dispatch(const DispatchCall& call);
    /// Records a copy of `bytes` bytes and a barrier after it.
    void copy(const Buffer& from, const Buffer& to, std::uint64_t bytes, std::uint64_t fromAt = 0,
              std::uint64_t toAt = 0);
    /// Records that every word of the buffer becomes `word`, and a barrier after it.
    void fill(const Buffer& buffer, std::uint32_t word);
    Result<void> end();
    /// Submits and waits for the fence. Errors: DeviceLost and the like.
    Result<void> submitAndWait();
    /// Nanoseconds of each dispatch of the last submission; empty without timestamps.
    [[nodiscard]] Result<std::vector<std::uint64_t>> dispatchNs() const;
    [[nodiscard]] std::uint32_t dispatches() const { return m_dispatches; }

  private:
    CommandList() = default;
    void swap(CommandList& other) noexcept;
    void barrier();
    void stamp();
    Device* m_device = nullptr;
    VkCommandPool m_pool = VK_NULL_HANDLE;
    VkCommandBuffer m_commands = VK_NULL_HANDLE;
    VkDescriptorPool m_sets = VK_NULL_HANDLE;
    VkQueryPool m_queries = VK_NULL_HANDLE;
    VkFence m_fence = VK_NULL_HANDLE;
    std::uint32_t m_dispatches = 0;
    std::uint32_t m_stamps = 0;
};

}  // namespace kvscope::vulkan
