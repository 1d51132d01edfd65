// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/gguf/file.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using test::Fault;
using testing::HasSubstr;

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, RefusedNamingThePlace) {
    const auto file = File::fromBytes(GetParam().bytes, "bad.gguf");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().where, "bad.gguf: " + GetParam().place);
    EXPECT_THAT(file.error().message, HasSubstr(GetParam().sentence));
    EXPECT_TRUE(file.error().kind == ErrorKind::BadFile || file.error().kind == ErrorKind::Unsupported);
    EXPECT_EQ(exitCode(file.error().kind), 3);
}

TEST_P(Faults, TheSameFromDisk) {
    const test::TemporaryFolder folder;
    const auto path = folder / "bad.gguf";
    test::writeBytes(path, GetParam().bytes);
    const auto file = File::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().where, path.string() + ": " + GetParam().place);
    EXPECT_THAT(file.error().message, HasSubstr(GetParam().sentence));
}

std::string testName(const testing::TestParamInfo<Fault>& info) {
    std::string name = std::to_string(info.index) + "_";
    for (const char c : info.param.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Keys, Faults, testing::ValuesIn(test::keyFaults()), testName);
INSTANTIATE_TEST_SUITE_P(Tensors, Faults, testing::ValuesIn(test::tensorFaults()), testName);

TEST(FaultSizes, TheTwoKnownCrashers) {
    const auto all = test::faults();
    const auto sizeOf = [&](std::string_view name) {
        for (const Fault& fault : all) {
            if (fault.name == name) return fault.bytes.size();
        }
        return std::size_t{0};
    };
    EXPECT_EQ(sizeOf("43 bytes, no array length"), 43U);
    EXPECT_EQ(sizeOf("43 bytes of version 1"), 43U);
    EXPECT_EQ(sizeOf("96 bytes, a dimension of 0"), 96U);
}

}  // namespace
}  // namespace kvscope::gguf
