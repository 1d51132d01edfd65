// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/kernels/traffic.h"
#include "engine/vulkan/buffer.h"
#include "engine/vulkan/command.h"
#include "engine/vulkan/pipeline.h"

namespace kvscope::kernels {

/// A dispatch ready to be recorded, with the traffic it causes where that is known from shapes alone.
struct Dispatch {
    const vulkan::Pipeline* pipeline = nullptr;
    std::vector<const vulkan::Buffer*> buffers;  ///< in the order of the kernel's bindings
    std::vector<std::byte> push;
    std::uint32_t x = 1, y = 1, z = 1;
    Traffic traffic;

    template <typename Push>
    void setPush(const Push& value) {
        const auto* bytes = reinterpret_cast<const std::byte*>(&value);
        push.assign(bytes, bytes + sizeof(Push));
    }
};

/// Compiles kernels on first use and keeps them: one pipeline for each (kernel, specialisation constants).
class KernelLibrary {
  public:
    enum class Mode {
        Fast,      ///< subgroups where the device has them
        Counting,  ///< loads and stores are counted (needs subgroups)
    };
    KernelLibrary(vulkan::Device& device, Mode mode) : m_device(device), m_mode(mode) {}

    /// constants[i] is specialisation constant i + 1; constant 0 is `lanes`.
    Result<const vulkan::Pipeline*> get(std::string_view kernel, std::uint32_t lanes,
                                        const std::vector<std::uint32_t>& constants, std::uint32_t pushBytes);
    /// Records the dispatch (in counting mode with the counters bound).
    Result<void> record(vulkan::CommandList& list, const Dispatch& dispatch) const;

    [[nodiscard]] vulkan::Device& device() const { return m_device; }
    [[nodiscard]] std::uint32_t reductionLanes() const { return m_device.reductionLanes(); }
    [[nodiscard]] std::uint32_t plainLanes() const { return m_device.plainLanes(); }
    /// Lanes over which a uniform load counts once.
    [[nodiscard]] std::uint32_t subgroupSize() const { return m_device.physical().subgroupSize; }
    /// The buffer that counting shaders write (shaders/common/traffic.glsl); must outlive recorded lists.
    void setCounters(const vulkan::Buffer* counters) { m_counters = counters; }
    /// (kernel, seconds) of the slowest compilation so far.
    [[nodiscard]] std::pair<std::string, double> slowestCompile() const { return m_slowest; }
    [[nodiscard]] double compileSeconds() const { return m_compileSeconds; }

  private:
    struct Key {
        std::string kernel;
        std::vector<std::uint32_t> constants;
        auto operator<=>(const Key&) const = default;
    };
    vulkan::Device& m_device;
    Mode m_mode;
    const vulkan::Buffer* m_counters = nullptr;
    std::map<Key, std::unique_ptr<vulkan::Pipeline>> m_pipelines;
    std::pair<std::string, double> m_slowest;
    double m_compileSeconds = 0;
};

}  // namespace kvscope::kernels
