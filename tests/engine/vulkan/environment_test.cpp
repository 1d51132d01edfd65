// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace kvscope::vulkan {
namespace {

/// Sets an environment variable for a scope.
class Variable {
  public:
    Variable(const char* name, const char* value) : m_name(name) {
        if (const char* before = std::getenv(name)) m_before = before;
        ::setenv(name, value, 1);
    }
    ~Variable() {
        if (m_before.empty()) {
            ::unsetenv(m_name);
        } else {
            ::setenv(m_name, m_before.c_str(), 1);
        }
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* m_name;
    std::string m_before;
};

TEST(Environment, SizesHaveBinaryUnits) {
    EXPECT_EQ(parseBytes("4096"), 4096U);
    EXPECT_EQ(parseBytes("4096B"), 4096U);
    EXPECT_EQ(parseBytes("64KiB"), 65536U);
    EXPECT_EQ(parseBytes("1MiB"), 1048576U);
    EXPECT_EQ(parseBytes("3GiB"), 3221225472U);
    EXPECT_EQ(parseBytes("0"), 0U);
}

TEST(Environment, MalformedSizesAreNothing) {
    for (const char* text : {"", "MiB", "-1", "1.5MiB", "1 MiB", "1MB", "1mib", "1MiBx", "18446744073709551616",
                             "18014398509481984MiB", "17179869184GiB"}) {
        EXPECT_EQ(parseBytes(text), std::nullopt) << "'" << text << "'";
    }
}

TEST(Environment, ReadsWhatIsDisabledAndLimited) {
    const Variable disable("KVSCOPE_VK_DISABLE", "subgroup,,timestamps");
    const Variable limit("KVSCOPE_VK_LIMIT", "range=1MiB,memory=64MiB");
    const Environment environment = Environment::read();
    EXPECT_TRUE(environment.isDisabled("subgroup"));
    EXPECT_TRUE(environment.isDisabled("timestamps"));
    EXPECT_FALSE(environment.isDisabled(""));
    EXPECT_FALSE(environment.isDisabled("sub"));
    EXPECT_EQ(environment.rangeLimit, 1048576U);
    EXPECT_EQ(environment.memoryLimit, 67108864U);
}

TEST(Environment, UnknownAndMalformedLimitsAreIgnored) {
    const Variable disable("KVSCOPE_VK_DISABLE", "");
    const Variable limit("KVSCOPE_VK_LIMIT", "speed=3,range,memory=lots,");
    const Environment environment = Environment::read();
    EXPECT_TRUE(environment.disabled.empty());
    EXPECT_EQ(environment.rangeLimit, std::nullopt);
    EXPECT_EQ(environment.memoryLimit, std::nullopt);
}

}  // namespace
}  // namespace kvscope::vulkan
