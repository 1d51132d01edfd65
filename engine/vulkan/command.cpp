// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/command.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

namespace {

/// Longer than any dispatch may take (they are split at about 100 ms); past it the device counts as lost.
constexpr std::uint64_t kFenceTimeoutNs = 120'000'000'000ULL;
constexpr std::uint32_t kBindingsPerSet = 16;

}  // namespace

Result<CommandList> CommandList::begin(Device& device, std::uint32_t maxDispatches, bool timestamps) {
    CommandList list;
    list.m_device = &device;
    VkDevice handle = device.handle();
    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.queueFamilyIndex = device.physical().queueFamily;
    KVS_VK(vkCreateCommandPool(handle, &pool, nullptr, &list.m_pool));
    VkCommandBufferAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    allocate.commandPool = list.m_pool;
    allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    allocate.commandBufferCount = 1;
    KVS_VK(vkAllocateCommandBuffers(handle, &allocate, &list.m_commands));
    if (maxDispatches > 0) {
        const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, maxDispatches * kBindingsPerSet};
        VkDescriptorPoolCreateInfo sets{};
        sets.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
        sets.maxSets = maxDispatches;
        sets.poolSizeCount = 1;
        sets.pPoolSizes = &size;
        KVS_VK(vkCreateDescriptorPool(handle, &sets, nullptr, &list.m_sets));
    }
    VkFenceCreateInfo fence{};
    fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    KVS_VK(vkCreateFence(handle, &fence, nullptr, &list.m_fence));
    VkCommandBufferBeginInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    KVS_VK(vkBeginCommandBuffer(list.m_commands, &info));
    if (timestamps && device.physical().timestamps) {
        VkQueryPoolCreateInfo queries{};
        queries.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
        queries.queryType = VK_QUERY_TYPE_TIMESTAMP;
        queries.queryCount = maxDispatches + 1;
        KVS_VK(vkCreateQueryPool(handle, &queries, nullptr, &list.m_queries));
        vkCmdResetQueryPool(list.m_commands, list.m_queries, 0, maxDispatches + 1);
        list.stamp();
    }
    return list;
}

void CommandList::stamp() {
    if (m_queries == VK_NULL_HANDLE) return;
    vkCmdWriteTimestamp(m_commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, m_queries, m_stamps++);
}

void CommandList::barrier() {
    VkMemoryBarrier memory{};
    memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    memory.srcAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT |
                           VK_ACCESS_TRANSFER_READ_BIT;
    memory.dstAccessMask = memory.srcAccessMask | VK_ACCESS_HOST_READ_BIT;
    constexpr VkPipelineStageFlags kStages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    vkCmdPipelineBarrier(m_commands, kStages, kStages | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory, 0, nullptr, 0,
                         nullptr);
}

Result<void> CommandList::dispatch(const DispatchCall& call) {
    const auto& bindings = call.pipeline->interface().bindings;
    KVS_ASSERT(bindings.size() == call.buffers.size());
    KVS_ASSERT(call.push.size() == call.pipeline->interface().pushBytes);
    VkDescriptorSetLayout layout = call.pipeline->setLayout();
    VkDescriptorSetAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    allocate.descriptorPool = m_sets;
    allocate.descriptorSetCount = 1;
    allocate.pSetLayouts = &layout;
    VkDescriptorSet set = VK_NULL_HANDLE;
    KVS_VK(vkAllocateDescriptorSets(m_device->handle(), &allocate, &set));
    std::vector<VkDescriptorBufferInfo> infos(bindings.size());
    std::vector<VkWriteDescriptorSet> writes(bindings.size());
    for (std::size_t i = 0; i < bindings.size(); ++i) {
        infos[i] = {call.buffers[i]->handle(), 0, VK_WHOLE_SIZE};
        writes[i].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
        writes[i].dstSet = set;
        writes[i].dstBinding = bindings[i];
        writes[i].descriptorCount = 1;
        writes[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        writes[i].pBufferInfo = &infos[i];
    }
    vkUpdateDescriptorSets(m_device->handle(), static_cast<std::uint32_t>(writes.size()), writes.data(), 0, nullptr);
    vkCmdBindPipeline(m_commands, VK_PIPELINE_BIND_POINT_COMPUTE, call.pipeline->handle());
    vkCmdBindDescriptorSets(m_commands, VK_PIPELINE_BIND_POINT_COMPUTE, call.pipeline->layout(), 0, 1, &set, 0,
                            nullptr);
    if (!call.push.empty()) {
        vkCmdPushConstants(m_commands, call.pipeline->layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           static_cast<std::uint32_t>(call.push.size()), call.push.data());
    }
    vkCmdDispatch(m_commands, call.x, call.y, call.z);
    barrier();
    ++m_dispatches;
    stamp();
    return {};
}

void CommandList::copy(const Buffer& from, const Buffer& to, std::uint64_t bytes, std::uint64_t fromAt,
                       std::uint64_t toAt) {
    const VkBufferCopy region{fromAt, toAt, bytes};
    vkCmdCopyBuffer(m_commands, from.handle(), to.handle(), 1, &region);
    barrier();
}

void CommandList::fill(const Buffer& buffer, std::uint32_t word) {
    vkCmdFillBuffer(m_commands, buffer.handle(), 0, VK_WHOLE_SIZE, word);
    barrier();
}

Result<void> CommandList::end() {
    KVS_VK(vkEndCommandBuffer(m_commands));
    return {};
}

Result<void> CommandList::submitAndWait() {
    VkSubmitInfo submit{};
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    submit.commandBufferCount = 1;
    submit.pCommandBuffers = &m_commands;
    KVS_VK(vkQueueSubmit(m_device->queue(), 1, &submit, m_fence));
    const VkResult waited = vkWaitForFences(m_device->handle(), 1, &m_fence, VK_TRUE, kFenceTimeoutNs);
    if (waited == VK_TIMEOUT) {
        return fail(ErrorKind::DeviceLost, "vulkan", "{} did not finish a submission within {} s",
                    m_device->physical().name, kFenceTimeoutNs / 1'000'000'000ULL);
    }
    KVS_VK(waited);
    KVS_VK(vkResetFences(m_device->handle(), 1, &m_fence));
    return {};
}

Result<std::vector<std::uint64_t>> CommandList::dispatchNs() const {
    std::vector<std::uint64_t> times;
    if (m_queries == VK_NULL_HANDLE || m_stamps < 2) return times;
    std::vector<std::uint64_t> stamps(m_stamps);
    KVS_VK(vkGetQueryPoolResults(m_device->handle(), m_queries, 0, m_stamps, stamps.size() * 8, stamps.data(), 8,
                                 VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    for (std::size_t i = 1; i < stamps.size(); ++i) {
        const double ticks = static_cast<double>(stamps[i] - stamps[i - 1]);
        times.push_back(static_cast<std::uint64_t>(ticks * m_device->physical().timestampPeriodNs));
    }
    return times;
}

CommandList::~CommandList() {
    if (m_device == nullptr) return;
    VkDevice device = m_device->handle();
    if (m_fence != VK_NULL_HANDLE) vkDestroyFence(device, m_fence, nullptr);
    if (m_queries != VK_NULL_HANDLE) vkDestroyQueryPool(device, m_queries, nullptr);
    if (m_sets != VK_NULL_HANDLE) vkDestroyDescriptorPool(device, m_sets, nullptr);
    if (m_pool != VK_NULL_HANDLE) vkDestroyCommandPool(device, m_pool, nullptr);
}

void CommandList::swap(CommandList& other) noexcept {
    std::swap(m_device, other.m_device);
    std::swap(m_pool, other.m_pool);
    std::swap(m_commands, other.m_commands);
    std::swap(m_sets, other.m_sets);
    std::swap(m_queries, other.m_queries);
    std::swap(m_fence, other.m_fence);
    std::swap(m_dispatches, other.m_dispatches);
    std::swap(m_stamps, other.m_stamps);
}

}  // namespace kvscope::vulkan
