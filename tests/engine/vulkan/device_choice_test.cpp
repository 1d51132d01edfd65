// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/device_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvscope::vulkan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PhysicalDevice device(const std::string& name, const std::string& uuid) {
    PhysicalDevice d;
    d.name = name;
    d.uuid = uuid;
    return d;
}

const std::vector<PhysicalDevice> kDevices{
    device("NVIDIA GeForce RTX 4090", "aaaa0000-0001"), device("AMD Radeon 780M", "bbbb0000-0002"),
    device("AMD Radeon RX 7900", "cccc0000-0003"), device("llvmpipe (LLVM 15.0.6, 256 bits)", "dddd0000-0004")};

std::string chosen(std::string_view wanted) {
    const auto result = chooseDevice(kDevices, wanted);
    return result ? result->name : "no device: " + result.error().message;
}

TEST(DeviceChoice, NothingWantedIsTheFirst) {
    EXPECT_EQ(chosen(""), "NVIDIA GeForce RTX 4090");
}

TEST(DeviceChoice, ByIndex) {
    EXPECT_EQ(chosen("0"), "NVIDIA GeForce RTX 4090");
    EXPECT_EQ(chosen("3"), "llvmpipe (LLVM 15.0.6, 256 bits)");
}

TEST(DeviceChoice, ByPartOfTheNameInAnyCase) {
    EXPECT_EQ(chosen("nvidia"), "NVIDIA GeForce RTX 4090");
    EXPECT_EQ(chosen("LLVMPIPE"), "llvmpipe (LLVM 15.0.6, 256 bits)");
    EXPECT_EQ(chosen("780m"), "AMD Radeon 780M");
    EXPECT_EQ(chosen("4090"), "NVIDIA GeForce RTX 4090") << "a number past the list is part of a name";
}

TEST(DeviceChoice, ByUuid) {
    EXPECT_EQ(chosen("cccc0000-0003"), "AMD Radeon RX 7900");
    EXPECT_EQ(chosen("CCCC0000-0003"), "AMD Radeon RX 7900");
    EXPECT_THAT(chosen("cccc"), HasSubstr("fits 0")) << "a UUID is named whole";
}

TEST(DeviceChoice, AmbiguousAndUnknownNamesListAllDevices) {
    for (const char* wanted : {"radeon", "intel", "-1"}) {
        const auto result = chooseDevice(kDevices, wanted);
        ASSERT_FALSE(result) << wanted;
        EXPECT_EQ(result.error().kind, ErrorKind::NoDevice);
        for (const PhysicalDevice& d : kDevices) {
            EXPECT_THAT(result.error().message, AllOf(HasSubstr(d.name), HasSubstr(d.uuid), HasSubstr(wanted)));
        }
    }
    EXPECT_THAT(chosen("radeon"), HasSubstr("fits 2 of the devices"));
    EXPECT_THAT(chosen("intel"), HasSubstr("fits 0 of the devices"));
}

TEST(DeviceChoice, WithoutDevicesItSaysWhatToInstall) {
    const auto result = chooseDevice({}, "");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::NoDevice);
    EXPECT_THAT(result.error().message, HasSubstr("install a driver"));
}

TEST(DeviceChoice, FeaturesAreNamed) {
    PhysicalDevice d;
    EXPECT_TRUE(d.features().empty());
    d.fp16 = d.storage8 = d.storage16 = d.subgroupArithmetic = d.timestamps = true;
    d.subgroupSize = 8;
    EXPECT_THAT(d.features(), ElementsAre("fp16", "storage8", "storage16", "subgroup(8)", "timestamps"));
    d.type = VK_PHYSICAL_DEVICE_TYPE_CPU;
    EXPECT_STREQ(d.kind(), "cpu");
    EXPECT_TRUE(d.isCpu());
}

}  // namespace
}  // namespace kvscope::vulkan
