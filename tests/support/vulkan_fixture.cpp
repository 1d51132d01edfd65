// SPDX-License-Identifier: Apache-2.0
#include "tests/support/vulkan_fixture.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/base/rng.h"
#include "engine/vulkan/command.h"

namespace kvscope::test {
namespace {

TestDevice makeDevice() {
    TestDevice made;
    auto instance = vulkan::Instance::create(true);
    if (!instance) instance = vulkan::Instance::create(false);
    if (!instance) {
        made.why = instance.error().text();
        return made;
    }
    made.instance = std::move(*instance);
    const auto environment = vulkan::Environment::read();
    const auto listed = vulkan::listPhysicalDevices(*made.instance, environment);
    const auto chosen = listed ? vulkan::chooseDevice(*listed, "") : Result<vulkan::PhysicalDevice>(forward(listed));
    if (!chosen) {
        made.why = chosen.error().text();
        return made;
    }
    made.device = must(vulkan::Device::create(*chosen, environment));
    return made;
}

/// What the tests of a program share.
struct Kept {
    std::optional<TestDevice> device;
    std::unique_ptr<kernels::KernelLibrary> library, counting;  // pipelines: they go before the device
};
Kept& kept() {
    static Kept one;
    return one;
}

/// Frees it before the program ends: the validation layer's own statics may be gone when ours are destroyed.
class FreeAtTheEnd : public ::testing::Environment {
  public:
    void TearDown() override {
        kept().counting.reset();
        kept().library.reset();
        kept().device.reset();
    }
};
[[maybe_unused]] const auto* const kFreeAtTheEnd = ::testing::AddGlobalTestEnvironment(new FreeAtTheEnd);

kernels::KernelLibrary& keptLibrary(std::unique_ptr<kernels::KernelLibrary>& slot, kernels::KernelLibrary::Mode mode) {
    if (!slot) slot = std::make_unique<kernels::KernelLibrary>(*TestDevice::get().device, mode);
    return *slot;
}

}  // namespace

TestDevice& TestDevice::get() {
    if (!kept().device) kept().device = makeDevice();
    return *kept().device;
}

void VulkanTest::SetUp() {
    const TestDevice& test = TestDevice::get();
    if (test.device == nullptr) GTEST_SKIP() << "no Vulkan device: " << test.why;
}

void VulkanTest::TearDown() {
    const TestDevice& test = TestDevice::get();
    if (test.instance == nullptr) return;
    for (const std::string& message : test.instance->messages()) ADD_FAILURE() << "validation layer: " << message;
}

kernels::KernelLibrary& VulkanTest::library() {
    return keptLibrary(kept().library, kernels::KernelLibrary::Mode::Fast);
}

kernels::KernelLibrary& VulkanTest::countingLibrary() {
    return keptLibrary(kept().counting, kernels::KernelLibrary::Mode::Counting);
}

void VulkanTest::run(kernels::KernelLibrary& library, const std::vector<kernels::Dispatch>& dispatches) {
    auto list =
        must(vulkan::CommandList::begin(library.device(), static_cast<std::uint32_t>(dispatches.size()), false));
    for (const kernels::Dispatch& dispatch : dispatches) must(library.record(list, dispatch));
    must(list.end());
    must(list.submitAndWait());
}

std::vector<std::uint32_t> readBack(vulkan::Device& device, const vulkan::Buffer& buffer) {
    auto target = must(vulkan::Buffer::create(device, buffer.bytes(), vulkan::MemoryUse::Readback, "read back"));
    auto list = must(vulkan::CommandList::begin(device, 0, false));
    list.copy(buffer, target, buffer.bytes());
    must(list.end());
    must(list.submitAndWait());
    const auto words = target.view<std::uint32_t>();
    return {words.begin(), words.end()};
}

Canvas::Canvas(vulkan::Device& device, std::size_t words)
    : m_buffer(must(vulkan::Buffer::create(device, words * 4, vulkan::MemoryUse::Readback, "test output"))),
      m_expected(m_buffer.view<std::uint32_t>().size(), false) {
    std::ranges::fill(this->words(), kPattern);
}

void Canvas::expectWritten(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) m_expected.at(i) = true;
}

void Canvas::check(const std::string& what) {
    const auto all = words();
    std::size_t shown = 0;
    for (std::size_t i = 0; i < all.size() && shown < 4; ++i) {
        if ((all[i] != kPattern) == m_expected[i]) continue;
        ADD_FAILURE() << what << ": word " << i << " of " << all.size()
                      << (m_expected[i] ? " was not written" : " was written but is not the kernel's");
        ++shown;
    }
}

double nmse(std::span<const float> got, std::span<const double> expected) {
    if (got.size() != expected.size()) throw std::runtime_error("arrays of different sizes are compared");
    double difference = 0;
    double power = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double d = static_cast<double>(got[i]) - expected[i];
        difference += d * d;
        power += expected[i] * expected[i];
    }
    return power > 0 ? difference / power : difference;
}

std::vector<float> normals(std::size_t count, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<float> values(count);
    for (float& value : values) value = rng.normal();
    return values;
}

}  // namespace kvscope::test
