// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <array>
#include <set>
#include <vector>

#include "engine/kernels/shader_table.h"
#include "engine/vulkan/command.h"
#include "engine/vulkan/spirv.h"
#include "shaders/shared/attention.h"
#include "shaders/shared/mat_mul.h"
#include "shaders/shared/norm.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::vulkan {
namespace {

using test::bufferOf;
using test::must;
using test::readBack;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeviceTest : public test::VulkanTest {
  protected:
    /// The test's physical device under another environment.
    static PhysicalDevice physical(const Environment& environment) {
        const auto list = must(listPhysicalDevices(*test::TestDevice::get().instance, environment));
        return must(chooseDevice(list, device().physical().uuid));
    }
};

TEST_F(DeviceTest, TheValidationLayerWatchesWhereItIsInstalled) {
    const auto instance = Instance::create(true);
    EXPECT_EQ(test::TestDevice::get().instance->validating(), instance.has_value());
    EXPECT_TRUE(instance || instance.error().message.find("not installed") != std::string::npos);
}

TEST_F(DeviceTest, ListedDevicesAreDifferentAndBestFirst) {
    const auto list = must(listPhysicalDevices(*test::TestDevice::get().instance, {}));
    std::set<std::string> uuids;
    for (const PhysicalDevice& d : list) {
        EXPECT_TRUE(uuids.insert(d.uuid).second) << d.name;
        EXPECT_EQ(d.uuid.size(), 36U);
        EXPECT_GT(d.memoryBytes, 0U);
        EXPECT_GE(d.storageRange, 1U << 27U) << "the least that Vulkan allows";
        EXPECT_GT(d.subgroupSize, 0U);
    }
    EXPECT_TRUE(list.size() == 1 || !list.front().isCpu() || list.back().isCpu());
}

TEST_F(DeviceTest, TheEnvironmentTakesFeaturesAway) {
    Environment environment;
    environment.disabled = {"subgroup", "timestamps"};
    environment.rangeLimit = 1 << 20;
    environment.memoryLimit = 1 << 22;
    const PhysicalDevice limited = physical(environment);
    EXPECT_FALSE(limited.subgroupArithmetic);
    EXPECT_FALSE(limited.timestamps);
    EXPECT_EQ(limited.storageRange, 1U << 20U);
    EXPECT_EQ(limited.memoryBytes, 1U << 22U);
    const auto made = must(Device::create(limited, environment));
    EXPECT_EQ(made->reductionLanes(), 32U);
    EXPECT_EQ(made->memoryBudget(), 1U << 22U);
}

TEST_F(DeviceTest, BuffersAreZeroedAndCounted) {
    const std::uint64_t before = device().allocatedBytes();
    {
        const Buffer buffer = must(Buffer::create(device(), 33, MemoryUse::Upload, "a test"));
        EXPECT_EQ(buffer.bytes(), 48U) << "whole runs of 16 bytes";
        EXPECT_EQ(device().allocatedBytes(), before + 48);
        for (const std::uint32_t word : buffer.view<std::uint32_t>()) EXPECT_EQ(word, 0U);
        Buffer moved = must(Buffer::create(device(), 0, MemoryUse::Readback, "nothing"));
        EXPECT_EQ(moved.bytes(), 16U) << "no buffer is empty";
        Buffer target;
        target = std::move(moved);
        EXPECT_EQ(device().allocatedBytes(), before + 64);
    }
    EXPECT_EQ(device().allocatedBytes(), before);
}

TEST_F(DeviceTest, MemoryThatTheHostCannotReachReadsAsZerosToo) {
    Environment environment;
    environment.disabled = {"unified"};
    const auto apart = must(Device::create(physical(environment), environment));
    {  // dirties memory that the next buffer may get
        const Buffer dirty = must(Buffer::create(*apart, 1 << 16, MemoryUse::Device, "a test"));
        EXPECT_FALSE(dirty.mapped());
        auto list = must(CommandList::begin(*apart, 0, false));
        list.fill(dirty, 0x7FA5C3E1U);
        must(list.end());
        must(list.submitAndWait());
        EXPECT_EQ(readBack(*apart, dirty), std::vector<std::uint32_t>(1 << 14, 0x7FA5C3E1U));
    }
    const Buffer buffer = must(Buffer::create(*apart, 1 << 16, MemoryUse::Device, "a test"));
    EXPECT_EQ(readBack(*apart, buffer), std::vector<std::uint32_t>(1 << 14, 0U));
    EXPECT_TRUE(must(Buffer::create(*apart, 16, MemoryUse::Upload, "a test")).mapped());
}

TEST_F(DeviceTest, DeviceMemoryReadsAsZeros) {
    const Buffer buffer = must(Buffer::create(device(), 4096, MemoryUse::Device, "a test"));
    EXPECT_EQ(readBack(device(), buffer), std::vector<std::uint32_t>(1024, 0U));
}

TEST_F(DeviceTest, OutOfMemorySaysHowMuchOfWhatAndWhatWouldFit) {
    Environment environment;
    environment.memoryLimit = 64 << 10;
    const auto small = must(Device::create(physical(environment), environment));
    const Buffer first = must(Buffer::create(*small, 40 << 10, MemoryUse::Device, "weights"));
    const auto refused = Buffer::create(*small, 32 << 10, MemoryUse::Device, "the cache of a layer");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::OutOfMemory);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("32.0\u2009KiB for the cache of a layer cannot be had"),
                      HasSubstr(small->physical().name), HasSubstr("40.0\u2009KiB of 64.0\u2009KiB are in use"),
                      HasSubstr("24.0\u2009KiB would fit"), HasSubstr("a shorter context")));
    EXPECT_EQ(small->allocatedBytes(), 40U << 10U) << "a refusal takes nothing";
    EXPECT_TRUE(Buffer::create(*small, 24 << 10, MemoryUse::Device, "what fits").has_value());
}

TEST_F(DeviceTest, ABufferLargerThanABindingIsRefused) {
    Environment environment;
    environment.rangeLimit = 1 << 16;
    const auto narrow = must(Device::create(physical(environment), environment));
    const auto refused = Buffer::create(*narrow, (1 << 16) + 1, MemoryUse::Device, "tensor x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::OutOfMemory);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("tensor x"), HasSubstr("64.0\u2009KiB")));
}

TEST_F(DeviceTest, CopiesTakeOffsets) {
    const Buffer from = bufferOf(device(), std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8});
    const Buffer to = bufferOf(device(), std::vector<std::uint32_t>(8, 9));
    auto list = must(CommandList::begin(device(), 0, true));
    list.copy(from, to, 8, 4, 12);
    must(list.end());
    must(list.submitAndWait());
    must(list.submitAndWait());
    EXPECT_THAT(readBack(device(), to), ElementsAre(9, 9, 9, 2, 3, 9, 9, 9));
    EXPECT_EQ(list.dispatches(), 0U);
    EXPECT_TRUE(must(list.dispatchNs()).empty());
}

std::span<const std::uint32_t> shader(std::string_view kernel, std::string_view variant) {
    for (const kernels::ShaderBinary& row : kernels::shaderTable()) {
        if (row.kernel == kernel && row.variant == variant) return row.spirv;
    }
    return {};
}

TEST(Spirv, BindingsAndPushConstantsAreRead) {
    const ShaderInterface norm = reflect(shader("norm", "base"));
    EXPECT_THAT(norm.bindings, ElementsAre(0, 1, 2));
    EXPECT_EQ(norm.pushBytes, sizeof(shared::NormPush));
    const ShaderInterface product = reflect(shader("mat_mul", "count"));
    EXPECT_THAT(product.bindings, ElementsAre(0, 1, 2, 3, 4, 15)) << "two views of binding 0 count once; counters last";
    EXPECT_EQ(product.pushBytes, sizeof(shared::MatMulPush));
    EXPECT_EQ(reflect(shader("attn_decode", "sub")).pushBytes, sizeof(shared::AttentionPush));
}

TEST(Spirv, EveryKernelHasItsThreeVariants) {
    std::set<std::string_view> names;
    for (const kernels::ShaderBinary& row : kernels::shaderTable()) names.insert(row.kernel);
    EXPECT_GE(names.size(), 9U);
    for (const std::string_view name : names) {
        const ShaderInterface base = reflect(shader(name, "base"));
        EXPECT_EQ(base.bindings, reflect(shader(name, "sub")).bindings) << name;
        EXPECT_EQ(reflect(shader(name, "count")).bindings.back(), 15U) << name;
        EXPECT_LE(base.pushBytes, 128U) << name << ": more push constants than every device has";
    }
}

TEST(Spirv, ABrokenModuleIsReadToItsEndAtMost) {
    EXPECT_TRUE(reflect({}).bindings.empty());
    const std::vector<std::uint32_t> endless{0x07230203, 0x10500, 0, 10, 0, 0};
    EXPECT_TRUE(reflect(endless).bindings.empty());
    const std::vector<std::uint32_t> past{0x07230203, 0x10500, 0, 10, 0, (9U << 16U) | 71U, 1, 33};
    EXPECT_TRUE(reflect(past).bindings.empty());
}

TEST_F(DeviceTest, PushConstantsOfAnotherSizeAreRefused) {
    const auto refused = Pipeline::create(device(), {"norm", shader("norm", "base"), {32}, 8});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Internal);
    EXPECT_THAT(refused.error().text(), HasSubstr("push constants take 28 bytes, ours 8"));
}

}  // namespace
}  // namespace kvscope::vulkan
