// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <cstdint>
#include <span>
#include <string>

#include "engine/base/error.h"
#include "engine/vulkan/device.h"

namespace kvscope::vulkan {

enum class MemoryUse {
    Device,    ///< read and written by kernels; mapped only where the device's memory is the host's
    Upload,    ///< written by the host before each step, read by kernels
    Readback,  ///< written by kernels, read by the host
};

/// A storage buffer with its own memory, zeroed at creation. Move-only; must not die while the device uses it.
class Buffer {
  public:
    Buffer() = default;
    /// Errors: OutOfMemory saying how many bytes of what, the budget, and what is taken.
    static Result<Buffer> create(Device& device, std::uint64_t bytes, MemoryUse use, const std::string& what);
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer();

    [[nodiscard]] VkBuffer handle() const { return m_buffer; }
    [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }
    [[nodiscard]] bool mapped() const { return m_map != nullptr; }
    /// The mapped bytes as an array of T; only when mapped().
    template <typename T>
    [[nodiscard]] std::span<T> view() {
        return {static_cast<T*>(m_map), m_map == nullptr ? 0 : static_cast<std::size_t>(m_bytes / sizeof(T))};
    }
    template <typename T>
    [[nodiscard]] std::span<const T> view() const {
        return {static_cast<const T*>(m_map), m_map == nullptr ? 0 : static_cast<std::size_t>(m_bytes / sizeof(T))};
    }

  private:
    void swap(Buffer& other) noexcept;
    Device* m_device = nullptr;
    VkBuffer m_buffer = VK_NULL_HANDLE;
    VkDeviceMemory m_memory = VK_NULL_HANDLE;
    void* m_map = nullptr;
    std::uint64_t m_bytes = 0;
};

}  // namespace kvscope::vulkan
