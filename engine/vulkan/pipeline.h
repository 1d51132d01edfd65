// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/spirv.h"

namespace kvscope::vulkan {

/// A compute pipeline: SPIR-V with its specialisation constants (constant id = index). Move-only.
class Pipeline {
  public:
    struct Source {
        std::string name;  ///< for errors and figures
        std::span<const std::uint32_t> spirv;
        std::vector<std::uint32_t> constants;  ///< 32-bit values; constant 0 is the workgroup size
        std::uint32_t pushBytes = 0;           ///< size of the C++ struct, checked against the shader's
    };
    static Result<Pipeline> create(Device& device, const Source& source);
    Pipeline(Pipeline&& other) noexcept { swap(other); }
    Pipeline& operator=(Pipeline&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Pipeline();

    [[nodiscard]] VkPipeline handle() const { return m_pipeline; }
    [[nodiscard]] VkPipelineLayout layout() const { return m_layout; }
    [[nodiscard]] VkDescriptorSetLayout setLayout() const { return m_setLayout; }
    [[nodiscard]] const ShaderInterface& interface() const { return m_interface; }
    [[nodiscard]] const std::string& name() const { return m_name; }
    [[nodiscard]] double compileSeconds() const { return m_compileSeconds; }

  private:
    Pipeline() = default;
    void swap(Pipeline& other) noexcept;
    Result<void> createLayouts();
    Device* m_device = nullptr;
    std::string m_name;
    ShaderInterface m_interface;
    VkShaderModule m_module = VK_NULL_HANDLE;
    VkDescriptorSetLayout m_setLayout = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
    double m_compileSeconds = 0;
};

}  // namespace kvscope::vulkan
