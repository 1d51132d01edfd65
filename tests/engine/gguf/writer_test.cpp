// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/writer.h"

#include <gmock/gmock.h>

#include <fstream>

#include "engine/gguf/dequantise.h"
#include "tests/engine/gguf/raw_gguf.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using test::RawGguf;
using testing::ElementsAre;
using testing::Optional;

TEST(Writer, BytesAreTheFormats) {
    Writer writer;
    writer.addString("s", "ab");
    writer.addUint32("n", 7);
    writer.addBoolArray("b", {true, false});
    const std::vector<std::uint64_t> dims{2, 2};
    const std::vector<float> values{1, 2, 3, 4};
    ASSERT_TRUE(writer.addTensor("w", dims, TensorType::F32, values));
    ASSERT_TRUE(writer.addTensor("v", dims, TensorType::F32, values));
    RawGguf expected(3, 2, 3);
    expected.key("s", 8).string("ab").key("n", 4).u32(7).array("b", 7, 2).u8(1).u8(0);
    expected.tensor("w", {2, 2}, 0, 0).tensor("v", {2, 2}, 0, 32).pad();
    for (int i = 0; i < 2; ++i) expected.f32(1).f32(2).f32(3).f32(4).pad();
    EXPECT_EQ(writer.bytes(), expected.bytes());
}

TEST(Writer, OtherAlignmentsAreWrittenDown) {
    Writer writer;
    const std::vector<std::uint64_t> dims{1};
    const std::vector<float> values{1};
    ASSERT_TRUE(writer.addTensor("w", dims, TensorType::F32, values));
    RawGguf expected(3, 1, 1);
    expected.key("general.alignment", 4).u32(128).tensor("w", {1}, 0, 0).pad(128).f32(1).pad(128);
    EXPECT_EQ(writer.bytes(128), expected.bytes());
}

TEST(Writer, EveryValueTypeComesBack) {
    Writer writer;
    writer.addUint8("u8", 200);
    writer.addInt8("i8", -2);
    writer.addUint16("u16", 60000);
    writer.addInt16("i16", -3);
    writer.addUint32("u32", 1);
    writer.addInt32("i32", -4);
    writer.addUint64("u64", ~0ULL);
    writer.addInt64("i64", -5);
    writer.addFloat32("f32", 0.5F);
    writer.addFloat64("f64", 0.1);
    writer.addBool("yes", true);
    const std::vector<std::string> texts{"", "x"};
    const std::vector<float> floats{1.5F};
    const std::vector<std::int32_t> ints{-1, 2};
    const std::vector<std::uint32_t> uints{3};
    writer.addStringArray("texts", texts);
    writer.addFloat32Array("floats", floats);
    writer.addInt32Array("ints", ints);
    writer.addUint32Array("uints", uints);
    const auto file = File::fromBytes(writer.bytes(), "w.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_THAT(file->readUint("u8").value(), Optional(200U));
    EXPECT_THAT(file->readFloat("i8").value(), Optional(-2.0));
    EXPECT_THAT(file->readUint("u16").value(), Optional(60000U));
    EXPECT_THAT(file->readFloat("i16").value(), Optional(-3.0));
    EXPECT_THAT(file->readFloat("i32").value(), Optional(-4.0));
    EXPECT_THAT(file->readUint("u64").value(), Optional(~0ULL));
    EXPECT_THAT(file->readFloat("i64").value(), Optional(-5.0));
    EXPECT_THAT(file->readFloat("f64").value(), Optional(0.1));
    EXPECT_THAT(file->readBool("yes").value(), Optional(true));
    EXPECT_THAT(file->readStringArray("texts").value(), Optional(ElementsAre("", "x")));
    EXPECT_THAT(file->readFloatArray("floats").value(), Optional(ElementsAre(1.5F)));
    EXPECT_THAT(file->readIntArray("ints").value(), Optional(ElementsAre(-1, 2)));
    EXPECT_THAT(file->readUintArray("uints").value(), Optional(ElementsAre(3)));
}

TEST(Writer, QuantisesTensors) {
    Writer writer;
    std::vector<float> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 31.5F;
    const std::vector<std::uint64_t> dims{32, 2};
    ASSERT_TRUE(writer.addTensor("w", dims, TensorType::Q8_0, values));
    const test::TemporaryFolder folder;
    ASSERT_TRUE(writer.write(folder / "w.gguf"));
    EXPECT_FALSE(std::filesystem::exists(folder / "w.gguf.part"));
    const auto file = File::open(folder / "w.gguf");
    ASSERT_TRUE(file) << file.error().text();
    const TensorInfo* tensor = file->findTensor("w");
    ASSERT_NE(tensor, nullptr);
    std::vector<float> back(64);
    ASSERT_TRUE(dequantise(tensor->type, file->data(*tensor), back));
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(back[i], values[i], 0.14F);
}

TEST(Writer, RefusesWhatDoesNotFit) {
    Writer writer;
    const std::vector<float> values(33);
    const auto add = [&](std::vector<std::uint64_t> dims, TensorType type) {
        const auto done = writer.addTensor("w", dims, type, values);
        return done ? std::string() : done.error().text();
    };
    EXPECT_EQ(add({33}, TensorType::Q8_0), "tensor w: a row has 33 values, no multiple of the 32 in a block of Q8_0");
    EXPECT_EQ(add({32}, TensorType::Q8_0), "tensor w: 33 values were given for a shape of 32");
    EXPECT_EQ(add({}, TensorType::F32), "tensor w: the tensor has 0 dimensions, expected 1 to 4");
    EXPECT_EQ(add({1, 1, 1, 1, 33}, TensorType::F32), "tensor w: the tensor has 5 dimensions, expected 1 to 4");
    EXPECT_EQ(add({0, 33}, TensorType::F32), "tensor w: the size in bytes is 0 or overflows");
    EXPECT_EQ(add({1ULL << 63U, 33}, TensorType::F32), "tensor w: the size in bytes is 0 or overflows");
    EXPECT_EQ(add({33}, static_cast<TensorType>(4)), "tensor w: tensor type 4 cannot be written");
    const std::vector<std::uint64_t> dims{33};
    EXPECT_FALSE(writer.addTensorBytes("w", dims, TensorType::F32, std::vector<std::byte>(131)));
    EXPECT_TRUE(writer.addTensorBytes("w", dims, TensorType::F32, std::vector<std::byte>(132)));
}

TEST(Writer, SaysWhyAFileCannotBeWritten) {
    const test::TemporaryFolder folder;
    const auto path = folder / "none" / "w.gguf";
    const auto done = Writer().write(path);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Io);
    EXPECT_EQ(done.error().text(), path.string() + ": cannot write 32 bytes: No such file or directory");
}

}  // namespace
}  // namespace kvscope::gguf
