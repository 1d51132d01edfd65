// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/units.h"
#include "engine/vulkan/command.h"
#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

namespace {

struct Flags {
    VkMemoryPropertyFlags required;
    VkMemoryPropertyFlags preferred;
};

Flags flagsOf(MemoryUse use, bool unified) {
    constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    switch (use) {
        case MemoryUse::Upload:
            return {kHost, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
        case MemoryUse::Readback:
            return {kHost, VK_MEMORY_PROPERTY_HOST_CACHED_BIT};
        case MemoryUse::Device:
            break;
    }
    return {0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | (unified ? kHost : 0)};
}

std::string outOfMemory(const Device& device, std::uint64_t bytes, const std::string& what) {
    const std::uint64_t used = device.allocatedBytes();
    const std::uint64_t left = device.memoryBudget() > used ? device.memoryBudget() - used : 0;
    return fmt::format(
        "{} for {} cannot be had on {}: {} of {} are in use, {} would fit; a shorter context, a smaller "
        "encoding of the cache, or a smaller model needs less",
        formatBytes(bytes), what, device.physical().name, formatBytes(used), formatBytes(device.memoryBudget()),
        formatBytes(left));
}

/// Zeroes memory that the host cannot reach.
Result<void> zeroOnDevice(Device& device, const Buffer& buffer) {
    auto list = CommandList::begin(device, 0, false);
    if (!list) return forward(list);
    list->fill(buffer, 0);
    if (auto ended = list->end(); !ended) return ended;
    return list->submitAndWait();
}

}  // namespace

Result<Buffer> Buffer::create(Device& device, std::uint64_t bytes, MemoryUse use, const std::string& what) {
    const std::uint64_t size = std::max<std::uint64_t>((bytes + 15) / 16 * 16, 16);
    if (size > device.physical().storageRange || size > device.physical().allocationLimit) {
        return fail(ErrorKind::OutOfMemory, "vulkan", "{} for {} is more than one buffer of {} may span ({})",
                    formatBytes(size), what, device.physical().name,
                    formatBytes(std::min(device.physical().storageRange, device.physical().allocationLimit)));
    }
    if (device.allocatedBytes() + size > device.memoryBudget()) {
        return fail(ErrorKind::OutOfMemory, "vulkan", "{}", outOfMemory(device, size, what));
    }
    Buffer buffer;
    buffer.m_device = &device;
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = size;
    info.usage =
        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    KVS_VK(vkCreateBuffer(device.handle(), &info, nullptr, &buffer.m_buffer));
    VkMemoryRequirements needs{};
    vkGetBufferMemoryRequirements(device.handle(), buffer.m_buffer, &needs);
    const bool mappable = use != MemoryUse::Device || device.physical().unified;
    const Flags flags = flagsOf(use, device.physical().unified);
    const int type = device.memoryType(needs.memoryTypeBits, flags.required, flags.preferred);
    if (type < 0) return fail(ErrorKind::OutOfMemory, "vulkan", "no memory type of the device suits {}", what);
    VkMemoryAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    allocate.allocationSize = needs.size;
    allocate.memoryTypeIndex = static_cast<std::uint32_t>(type);
    const VkResult allocated = vkAllocateMemory(device.handle(), &allocate, nullptr, &buffer.m_memory);
    if (allocated != VK_SUCCESS) {
        return fail(ErrorKind::OutOfMemory, "vulkan", "{} ({})", outOfMemory(device, size, what), name(allocated));
    }
    device.addAllocated(static_cast<std::int64_t>(size));
    buffer.m_bytes = size;
    KVS_VK(vkBindBufferMemory(device.handle(), buffer.m_buffer, buffer.m_memory, 0));
    constexpr VkMemoryPropertyFlags kMappable =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    if (mappable && (device.memoryFlags(type) & kMappable) == kMappable) {
        KVS_VK(vkMapMemory(device.handle(), buffer.m_memory, 0, VK_WHOLE_SIZE, 0, &buffer.m_map));
        std::memset(buffer.m_map, 0, static_cast<std::size_t>(size));
    } else if (auto zeroed = zeroOnDevice(device, buffer); !zeroed) {
        return forward(zeroed);
    }
    return buffer;
}

Buffer::~Buffer() {
    if (m_device == nullptr) return;
    if (m_buffer != VK_NULL_HANDLE) vkDestroyBuffer(m_device->handle(), m_buffer, nullptr);
    if (m_memory != VK_NULL_HANDLE) vkFreeMemory(m_device->handle(), m_memory, nullptr);
    m_device->addAllocated(-static_cast<std::int64_t>(m_bytes));
}

void Buffer::swap(Buffer& other) noexcept {
    std::swap(m_device, other.m_device);
    std::swap(m_buffer, other.m_buffer);
    std::swap(m_memory, other.m_memory);
    std::swap(m_map, other.m_map);
    std::swap(m_bytes, other.m_bytes);
}

}  // namespace kvscope::vulkan
