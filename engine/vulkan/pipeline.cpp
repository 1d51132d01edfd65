// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/pipeline.h"

#include <chrono>
#include <utility>

#include "engine/vulkan/result.h"

namespace kvscope::vulkan {

Result<void> Pipeline::createLayouts() {
    std::vector<VkDescriptorSetLayoutBinding> bindings;
    for (const std::uint32_t number : m_interface.bindings) {
        VkDescriptorSetLayoutBinding binding{};
        binding.binding = number;
        binding.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        binding.descriptorCount = 1;
        binding.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
        bindings.push_back(binding);
    }
    VkDescriptorSetLayoutCreateInfo set{};
    set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
    set.bindingCount = static_cast<std::uint32_t>(bindings.size());
    set.pBindings = bindings.data();
    KVS_VK(vkCreateDescriptorSetLayout(m_device->handle(), &set, nullptr, &m_setLayout));
    VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, m_interface.pushBytes};
    VkPipelineLayoutCreateInfo layout{};
    layout.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
    layout.setLayoutCount = 1;
    layout.pSetLayouts = &m_setLayout;
    layout.pushConstantRangeCount = m_interface.pushBytes > 0 ? 1 : 0;
    layout.pPushConstantRanges = &range;
    KVS_VK(vkCreatePipelineLayout(m_device->handle(), &layout, nullptr, &m_layout));
    return {};
}

Result<Pipeline> Pipeline::create(Device& device, const Source& source) {
    Pipeline pipeline;
    pipeline.m_device = &device;
    pipeline.m_name = source.name;
    pipeline.m_interface = reflect(source.spirv);
    if (pipeline.m_interface.pushBytes != source.pushBytes) {
        return fail(ErrorKind::Internal, "kernel " + source.name, "the shader's push constants take {} bytes, ours {}",
                    pipeline.m_interface.pushBytes, source.pushBytes);
    }
    VkShaderModuleCreateInfo module{};
    module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
    module.codeSize = source.spirv.size_bytes();
    module.pCode = source.spirv.data();
    KVS_VK(vkCreateShaderModule(device.handle(), &module, nullptr, &pipeline.m_module));
    if (const auto made = pipeline.createLayouts(); !made) return forward(made);
    std::vector<VkSpecializationMapEntry> entries;
    for (std::uint32_t i = 0; i < source.constants.size(); ++i) entries.push_back({i, i * 4, 4});
    const VkSpecializationInfo constants{static_cast<std::uint32_t>(entries.size()), entries.data(),
                                         source.constants.size() * 4, source.constants.data()};
    VkComputePipelineCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = pipeline.m_module;
    info.stage.pName = "main";
    info.stage.pSpecializationInfo = &constants;
    info.layout = pipeline.m_layout;
    const auto start = std::chrono::steady_clock::now();
    KVS_VK(vkCreateComputePipelines(device.handle(), device.pipelineCache(), 1, &info, nullptr, &pipeline.m_pipeline));
    pipeline.m_compileSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return pipeline;
}

Pipeline::~Pipeline() {
    if (m_device == nullptr) return;
    VkDevice device = m_device->handle();
    if (m_pipeline != VK_NULL_HANDLE) vkDestroyPipeline(device, m_pipeline, nullptr);
    if (m_layout != VK_NULL_HANDLE) vkDestroyPipelineLayout(device, m_layout, nullptr);
    if (m_setLayout != VK_NULL_HANDLE) vkDestroyDescriptorSetLayout(device, m_setLayout, nullptr);
    if (m_module != VK_NULL_HANDLE) vkDestroyShaderModule(device, m_module, nullptr);
}

void Pipeline::swap(Pipeline& other) noexcept {
    std::swap(m_device, other.m_device);
    std::swap(m_name, other.m_name);
    std::swap(m_interface, other.m_interface);
    std::swap(m_module, other.m_module);
    std::swap(m_setLayout, other.m_setLayout);
    std::swap(m_layout, other.m_layout);
    std::swap(m_pipeline, other.m_pipeline);
    std::swap(m_compileSeconds, other.m_compileSeconds);
}

}  // namespace kvscope::vulkan
