// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/kernel_library.h"

#include "engine/base/assert.h"
#include "engine/kernels/shader_table.h"

namespace kvscope::kernels {

namespace {

constexpr std::uint32_t kCounterBinding = 15;

const ShaderBinary* findShader(std::string_view kernel, std::string_view variant) {
    for (const ShaderBinary& row : shaderTable()) {
        if (row.kernel == kernel && row.variant == variant) return &row;
    }
    return nullptr;
}

}  // namespace

Result<const vulkan::Pipeline*> KernelLibrary::get(std::string_view kernel, std::uint32_t lanes,
                                                   const std::vector<std::uint32_t>& constants,
                                                   std::uint32_t pushBytes) {
    Key key{std::string(kernel), {lanes}};
    key.constants.insert(key.constants.end(), constants.begin(), constants.end());
    if (const auto found = m_pipelines.find(key); found != m_pipelines.end()) return found->second.get();
    const bool subgroup = m_device.physical().subgroupArithmetic;
    KVS_ASSERT(m_mode == Mode::Fast || subgroup);
    const char* variant = m_mode == Mode::Counting ? "count" : (subgroup ? "sub" : "base");
    const ShaderBinary* shader = findShader(kernel, variant);
    KVS_ASSERT(shader != nullptr);
    auto made = vulkan::Pipeline::create(m_device, {std::string(kernel), shader->spirv, key.constants, pushBytes});
    if (!made) return forward(made);
    m_compileSeconds += made->compileSeconds();
    if (made->compileSeconds() > m_slowest.second) m_slowest = {std::string(kernel), made->compileSeconds()};
    auto& slot = m_pipelines[std::move(key)];
    slot = std::make_unique<vulkan::Pipeline>(std::move(*made));
    return slot.get();
}

Result<void> KernelLibrary::record(vulkan::CommandList& list, const Dispatch& dispatch) const {
    vulkan::DispatchCall call{dispatch.pipeline, dispatch.buffers, dispatch.push, dispatch.x, dispatch.y, dispatch.z};
    if (dispatch.pipeline->interface().bindings.back() == kCounterBinding) {
        KVS_ASSERT(m_counters != nullptr);
        call.buffers.push_back(m_counters);
    }
    return list.dispatch(call);
}

}  // namespace kvscope::kernels
