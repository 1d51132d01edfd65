// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "engine/gguf/file.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/raw_gguf.h"

namespace kvscope::gguf {
namespace {

using test::RawGguf;
using testing::ElementsAre;
using testing::Optional;

class Values : public testing::Test {
  protected:
    static File open(std::vector<std::byte> bytes) {
        auto file = File::fromBytes(std::move(bytes), "f.gguf");
        EXPECT_TRUE(file) << file.error().text();
        return std::move(*file);
    }
    File m_file = open(test::richFile());
};

TEST_F(Values, UnsignedFromEveryWidth) {
    EXPECT_THAT(m_file.readUint("u8").value(), Optional(200U));
    EXPECT_THAT(m_file.readUint("u16").value(), Optional(60000U));
    EXPECT_THAT(m_file.readUint("u32").value(), Optional(4000000000U));
    EXPECT_THAT(m_file.readUint("u64").value(), Optional(~0ULL));
    EXPECT_EQ(m_file.readUint("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readUint("i8").error().text(),
              "f.gguf: key i8: the value is -2, expected a whole number from 0 to 2^64 - 1 (key at byte 39)");
    for (const char* key : {"i16", "i32", "i64", "f32", "f64", "bool", "string", "a.u8", "a.nested"}) {
        EXPECT_FALSE(m_file.readUint(key)) << key;
    }
}

TEST_F(Values, UnsignedFromAFloatWithoutFraction) {
    const File file = open(RawGguf(3, 0, 5)
                               .key("whole", 6)
                               .f32(4096.0F)
                               .key("double", 12)
                               .f64(9007199254740992.0)
                               .key("huge", 12)
                               .f64(18446744073709551616.0)
                               .key("nan", 6)
                               .f32(std::nanf(""))
                               .key("inf", 6)
                               .f32(HUGE_VALF)
                               .bytes());
    EXPECT_THAT(file.readUint("whole").value(), Optional(4096U));
    EXPECT_THAT(file.readUint("double").value(), Optional(9007199254740992U));
    for (const char* key : {"huge", "nan", "inf"}) EXPECT_FALSE(file.readUint(key)) << key;
}

TEST_F(Values, FloatsFromNumbersButNeverNan) {
    EXPECT_THAT(m_file.readFloat("f32").value(), Optional(0.25));
    EXPECT_THAT(m_file.readFloat("f64").value(), Optional(-1.5));
    EXPECT_THAT(m_file.readFloat("i8").value(), Optional(-2.0));
    EXPECT_THAT(m_file.readFloat("u32").value(), Optional(4e9));
    EXPECT_EQ(m_file.readFloat("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readFloat("bool").error().message,
              "the value's type is bool, expected a number (key at byte 145)");
    const File file = open(RawGguf(3, 0, 6)
                               .key("nan", 6)
                               .f32(std::nanf(""))
                               .key("nan64", 12)
                               .f64(std::nan(""))
                               .key("inf", 6)
                               .f32(-HUGE_VALF)
                               .array("nans", 6, 2)
                               .f32(1.0F)
                               .f32(std::nanf(""))
                               .array("wide", 12, 1)
                               .f64(1e300)
                               .array("infs", 6, 1)
                               .f32(HUGE_VALF)
                               .bytes());
    EXPECT_EQ(file.readFloat("nan").error().text(),
              "f.gguf: key nan: the value is nan, expected a number (key at byte 24)");
    EXPECT_FALSE(file.readFloat("nan64"));
    EXPECT_THAT(file.readFloat("inf").value(), Optional(-std::numeric_limits<double>::infinity()));
    EXPECT_THAT(file.readFloatArray("nans").error().message,
                testing::StartsWith("element 1 is nan, expected a number"));
    EXPECT_FALSE(file.readFloatArray("wide"));
    EXPECT_TRUE(file.readFloatArray("infs"));
}

TEST_F(Values, BoolsAndStrings) {
    EXPECT_THAT(m_file.readBool("bool").value(), Optional(true));
    EXPECT_FALSE(m_file.readBool("u8"));
    EXPECT_EQ(m_file.readBool("missing").value(), std::nullopt);
    EXPECT_THAT(m_file.readString("string").value(), Optional(std::string("text")));
    EXPECT_FALSE(m_file.readString("u8"));
    EXPECT_FALSE(m_file.readString("a.string"));
    EXPECT_EQ(m_file.readString("missing").value(), std::nullopt);
}

TEST_F(Values, Arrays) {
    EXPECT_THAT(m_file.readUintArray("a.u8").value(), Optional(ElementsAre(1, 255)));
    EXPECT_THAT(m_file.readUintArray("a.u16").value(), Optional(ElementsAre(7)));
    EXPECT_THAT(m_file.readUintArray("a.u64").value(), Optional(ElementsAre(5)));
    EXPECT_THAT(m_file.readIntArray("a.i8").value(), Optional(ElementsAre(1, -1)));
    EXPECT_THAT(m_file.readIntArray("a.i32").value(), Optional(ElementsAre(1, -1, 3)));
    EXPECT_THAT(m_file.readFloatArray("a.f32").value(), Optional(ElementsAre(1.5F, -2.0F)));
    EXPECT_THAT(m_file.readFloatArray("a.f64").value(), Optional(ElementsAre(0.5F)));
    EXPECT_THAT(m_file.readFloatArray("a.i32").value(), Optional(ElementsAre(1.0F, -1.0F, 3.0F)));
    EXPECT_THAT(m_file.readBoolArray("a.bool").value(), Optional(ElementsAre(true, false, true)));
    EXPECT_THAT(m_file.readStringArray("a.string").value(), Optional(ElementsAre("one", "", "\xC3\xA9")));
    EXPECT_THAT(m_file.readStringArray("a.empty").value(), Optional(ElementsAre()));
    EXPECT_EQ(m_file.readUintArray("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readIntArray("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readFloatArray("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readBoolArray("missing").value(), std::nullopt);
    EXPECT_EQ(m_file.readStringArray("missing").value(), std::nullopt);
}

// A reader that took the narrow array for i32 would run past its end.
TEST_F(Values, ArraysOfOtherElementsAreConvertedOrRefused) {
    EXPECT_FALSE(m_file.readUintArray("a.i32"));  // -1
    EXPECT_FALSE(m_file.readUintArray("a.f32"));  // 1.5
    EXPECT_FALSE(m_file.readUintArray("a.bool"));
    EXPECT_FALSE(m_file.readUintArray("a.string"));
    EXPECT_FALSE(m_file.readUintArray("u8"));
    EXPECT_FALSE(m_file.readBoolArray("a.u8"));  // 255
    EXPECT_FALSE(m_file.readFloatArray("a.string"));
    EXPECT_FALSE(m_file.readStringArray("a.u8"));
    EXPECT_FALSE(m_file.readStringArray("string"));
}

TEST_F(Values, AnArrayOfArraysIsRefusedWhenRead) {
    const std::string sentence = "f.gguf: key a.nested: the value's type is array of 2 array, expected ";
    EXPECT_THAT(m_file.readUintArray("a.nested").error().text(),
                testing::StartsWith(sentence + "an array of integers"));
    EXPECT_THAT(m_file.readFloatArray("a.nested").error().text(),
                testing::StartsWith(sentence + "an array of numbers"));
    EXPECT_THAT(m_file.readStringArray("a.nested").error().text(),
                testing::StartsWith(sentence + "an array of strings"));
}

}  // namespace
}  // namespace kvscope::gguf
