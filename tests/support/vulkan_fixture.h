// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/kernels/kernel_library.h"
#include "engine/vulkan/buffer.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/instance.h"

namespace kvscope::test {

/// The value of a Result, or an exception with its text (which fails the test).
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The process's device, with the validation layer on where it is installed; made at the first call.
struct TestDevice {
    std::unique_ptr<vulkan::Instance> instance;
    std::unique_ptr<vulkan::Device> device;
    std::string why;  ///< there is no device, a sentence
    static TestDevice& get();
};

/// Skips without a device. Fails when the validation layer said anything during the test.
class VulkanTest : public ::testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;
    static vulkan::Device& device() { return *TestDevice::get().device; }
    /// Kernels are compiled once a process.
    static kernels::KernelLibrary& library();
    static kernels::KernelLibrary& countingLibrary();
    /// Records the dispatches in order, submits and waits.
    static void run(kernels::KernelLibrary& library, const std::vector<kernels::Dispatch>& dispatches);
};

/// A host-visible buffer that holds these values.
template <typename T>
vulkan::Buffer bufferOf(vulkan::Device& device, std::span<const T> values) {
    auto buffer = must(vulkan::Buffer::create(device, std::max<std::size_t>(values.size_bytes(), 16),
                                              vulkan::MemoryUse::Upload, "test input"));
    std::ranges::copy(values, buffer.template view<T>().begin());
    return buffer;
}
template <typename T>
vulkan::Buffer bufferOf(vulkan::Device& device, const std::vector<T>& values) {
    return bufferOf(device, std::span<const T>(values));
}

/// The words of any buffer, read through a copy on the device.
[[nodiscard]] std::vector<std::uint32_t> readBack(vulkan::Device& device, const vulkan::Buffer& buffer);

/// An output buffer full of a pattern that no kernel writes, to see what was written where.
class Canvas {
  public:
    static constexpr std::uint32_t kPattern = 0x7FA5C3E1U;
    Canvas(vulkan::Device& device, std::size_t words);

    [[nodiscard]] const vulkan::Buffer& buffer() const { return m_buffer; }
    [[nodiscard]] std::span<std::uint32_t> words() { return m_buffer.view<std::uint32_t>(); }
    [[nodiscard]] std::span<float> floats() { return m_buffer.view<float>(); }
    /// Marks words that a kernel is expected to write.
    void expectWritten(std::size_t first, std::size_t count);
    /// Fails unless every marked word was written and no other one was.
    void check(const std::string& what);

  private:
    vulkan::Buffer m_buffer;
    std::vector<bool> m_expected;
};

/// Normalised mean squared error: sum of squared differences over sum of squares of what is expected.
[[nodiscard]] double nmse(std::span<const float> got, std::span<const double> expected);

/// count values from a normal distribution, by seed.
[[nodiscard]] std::vector<float> normals(std::size_t count, std::uint64_t seed);

}  // namespace kvscope::test
