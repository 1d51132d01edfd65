// SPDX-License-Identifier: Apache-2.0
// Big-endian files. data/ is made by make_order_files.py with another implementation.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "engine/base/rng.h"
#include "engine/gguf/block_order.h"
#include "engine/gguf/dequantise.h"
#include "engine/gguf/file.h"
#include "engine/gguf/writer.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/raw_gguf.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using Bytes = std::vector<std::byte>;
using test::RawGguf;
using test::TemporaryFolder;
using testing::HasSubstr;

std::filesystem::path dataFile(std::string_view name) {
    return std::filesystem::path(GGUF_TEST_DATA) / name;
}

void expectSameKey(const File& expected, const File& actual, const KeyValue& kv) {
    const KeyValue* other = actual.find(kv.key);
    ASSERT_NE(other, nullptr) << kv.key;
    EXPECT_EQ(other->type, kv.type) << kv.key;
    EXPECT_EQ(other->count, kv.count) << kv.key;
    EXPECT_TRUE(std::ranges::equal(other->payload, kv.payload)) << kv.key;
    EXPECT_EQ(actual.readFloat(kv.key).has_value(), expected.readFloat(kv.key).has_value());
}

void expectSameTensor(const File& expected, const File& actual, const TensorInfo& tensor) {
    const TensorInfo* other = actual.findTensor(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(other->type, tensor.type) << tensor.name;
    EXPECT_EQ(other->dims, tensor.dims) << tensor.name;
    const auto wanted = expected.data(tensor);
    ASSERT_FALSE(wanted.empty());
    EXPECT_TRUE(std::ranges::equal(actual.data(*other), wanted)) << tensor.name;
    Bytes copy(tensor.bytes);
    ASSERT_TRUE(actual.read(*other, 0, copy)) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(copy, wanted)) << tensor.name;
}

TEST(ByteOrder, AConvertedFileHoldsTheSame) {
    const auto little = File::open(dataFile("whole.gguf"));
    const auto big = File::open(dataFile("big.gguf"));
    ASSERT_TRUE(little) << little.error().text();
    ASSERT_TRUE(big) << big.error().text();
    EXPECT_EQ(little->byteOrder(), ByteOrder::Little);
    EXPECT_EQ(big->byteOrder(), ByteOrder::Big);
    EXPECT_EQ(big->version(), 3U);
    EXPECT_EQ(big->headerBytes(), little->headerBytes());
    ASSERT_EQ(big->keys().size(), little->keys().size());
    for (const KeyValue& kv : little->keys()) expectSameKey(*little, *big, kv);
    ASSERT_EQ(big->tensors().size(), 9U);
    for (const TensorInfo& tensor : little->tensors()) expectSameTensor(*little, *big, tensor);
}

TEST(ByteOrder, AWrittenFileHoldsTheSame) {
    const auto little = File::open(dataFile("whole.gguf"));
    const auto big = File::open(dataFile("big_written.gguf"));
    ASSERT_TRUE(big) << big.error().text();
    EXPECT_EQ(big->byteOrder(), ByteOrder::Big);
    for (const KeyValue& kv : little->keys()) expectSameKey(*little, *big, kv);
    ASSERT_EQ(big->tensors().size(), 2U);
    for (const TensorInfo& tensor : big->tensors()) expectSameTensor(*big, *little, tensor);
    EXPECT_EQ(*big->readUint("k.u64"), (9223372036854775813ULL));
    EXPECT_EQ(*big->readFloat("k.f64"), (-1.1));
    EXPECT_EQ(*big->readString("k.string"), "words – ünïcode");
    EXPECT_EQ(*big->readIntArray("k.numbers"), (std::vector<std::int64_t>{1, -2, 300000}));
    EXPECT_EQ(*big->readStringArray("k.words"), (std::vector<std::string>{"one", "", "drei"}));
    EXPECT_EQ(*big->readBoolArray("k.bools"), (std::vector<bool>{true, false, true}));
}

TEST(ByteOrder, EveryValueTypeAndNestedArrays) {
    const auto little = File::fromBytes(test::richFile(), "little.gguf");
    const auto big = File::fromBytes(test::richFile(true), "big.gguf");
    ASSERT_TRUE(big) << big.error().text();
    EXPECT_EQ(big->alignment(), 64U);
    ASSERT_EQ(big->keys().size(), little->keys().size());
    for (const KeyValue& kv : little->keys()) expectSameKey(*little, *big, kv);
    ASSERT_EQ(big->tensors().size(), little->tensors().size());
    for (std::size_t i = 0; i < big->tensors().size(); ++i) {
        EXPECT_EQ(big->tensors()[i].dims, little->tensors()[i].dims);
        EXPECT_EQ(big->tensors()[i].offset, little->tensors()[i].offset);
    }
}

// The blocks are turned by numpy's records, and checked there with the decoders of the gguf package.
TEST(ByteOrder, BlocksOfEveryType) {
    const Bytes all = test::readBytes(dataFile("block_order.bin"));
    std::set<std::uint32_t> seen;
    for (std::size_t at = 0; at < all.size();) {
        std::uint32_t type = 0;
        std::uint32_t bytes = 0;
        ASSERT_LE(at + 8, all.size());
        std::memcpy(&type, &all[at], 4);
        std::memcpy(&bytes, &all[at + 4], 4);
        at += 8;
        ASSERT_LE(at + 2 * std::size_t{bytes}, all.size());
        const auto native = std::span(all).subspan(at, bytes);
        const auto big = std::span(all).subspan(at + bytes, bytes);
        at += 2 * std::size_t{bytes};
        const auto kind = static_cast<TensorType>(type);
        ASSERT_EQ(bytes, 3 * tensorTypeInfo(kind)->blockBytes) << type;
        Bytes turned(big.begin(), big.end());
        swapBlocks(kind, turned);
        EXPECT_TRUE(std::ranges::equal(turned, native)) << tensorTypeInfo(kind)->name;
        swapBlocks(kind, turned);
        EXPECT_TRUE(std::ranges::equal(turned, big)) << tensorTypeInfo(kind)->name;
        EXPECT_EQ(isOrderFree(kind), std::ranges::equal(native, big)) << tensorTypeInfo(kind)->name;
        seen.insert(type);
    }
    for (const TensorTypeInfo& info : tensorTypes()) {
        EXPECT_EQ(hasBlockOrder(info.type), seen.contains(static_cast<std::uint32_t>(info.type))) << info.name;
        EXPECT_TRUE(hasBlockOrder(info.type) || !info.canDequantise) << info.name;
    }
}

TEST(ByteOrder, PartsOfATensorAreReadFromAnyByte) {
    const auto little = File::open(dataFile("whole.gguf"));
    const auto big = File::open(dataFile("big.gguf"));
    Rng rng(4);
    for (const TensorInfo& tensor : little->tensors()) {
        const auto wanted = little->data(tensor);
        const TensorInfo& other = *big->findTensor(tensor.name);
        for (int round = 0; round < 300; ++round) {
            const std::uint64_t begin = rng.below(tensor.bytes + 1);
            const std::uint64_t count = rng.below(std::min<std::uint64_t>(tensor.bytes - begin, 500) + 1);
            Bytes part(count);
            ASSERT_TRUE(big->read(other, begin, part));
            ASSERT_TRUE(std::ranges::equal(part, wanted.subspan(begin, count))) << tensor.name << " " << begin;
        }
        Bytes none;
        EXPECT_TRUE(big->read(other, tensor.bytes, none));
        Bytes beyond(2);
        EXPECT_FALSE(big->read(other, tensor.bytes - 1, beyond));
    }
}

TEST(ByteOrder, WrittenAndReadBack) {
    Writer writer(ByteOrder::Big);
    writer.addUint16("u16", 513);
    writer.addFloat32Array("floats", std::vector<float>{1.5F, -2.0F});
    writer.addStringArray("words", std::vector<std::string>{"a", "bc"});
    const std::vector<std::uint64_t> dims{32, 2};
    std::vector<float> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 20;
    Writer little;
    for (const TensorType type : {TensorType::F32, TensorType::F16, TensorType::Q8_0, TensorType::Q5_1}) {
        const std::string name{tensorTypeInfo(type)->name};
        ASSERT_TRUE(writer.addTensor(name, dims, type, values));
        ASSERT_TRUE(little.addTensor(name, dims, type, values));
    }
    const auto bytes = writer.bytes(64);
    EXPECT_EQ(bytes[4], std::byte{0});
    EXPECT_EQ(bytes[7], std::byte{3});
    const auto file = File::fromBytes(bytes, "big.gguf");
    const auto other = File::fromBytes(little.bytes(), "little.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->alignment(), 64U);
    EXPECT_EQ(*file->readUint("u16"), (std::uint64_t{513}));
    EXPECT_EQ(*file->readFloatArray("floats"), (std::vector<float>{1.5F, -2.0F}));
    EXPECT_EQ(*file->readStringArray("words"), (std::vector<std::string>{"a", "bc"}));
    for (const TensorInfo& tensor : other->tensors()) expectSameTensor(*other, *file, tensor);
    const Bytes block(18);
    EXPECT_FALSE(writer.addTensorBytes("gone", std::vector<std::uint64_t>{32}, static_cast<TensorType>(31), block));
}

TEST(ByteOrder, DataIsTurnedOnceAndStays) {
    auto big = File::open(dataFile("big.gguf"));
    const TensorInfo* tensor = big->findTensor("blk.0.q8_0.weight");
    const auto first = big->data(*tensor);
    const auto* address = first.data();
    for (const TensorInfo& other : big->tensors()) (void)big->data(other);
    EXPECT_EQ(big->data(*tensor).data(), address);
    const File moved = std::move(*big);
    EXPECT_EQ(moved.data(*moved.findTensor("blk.0.q8_0.weight")).data(), address);
}

TEST(ByteOrder, AFileThatShrinksIsAnErrorAndNoSignal) {
    const TemporaryFolder folder;
    const auto path = folder / "big.gguf";
    test::writeBytes(path, test::readBytes(dataFile("big.gguf")));
    const auto big = File::open(path);
    std::filesystem::resize_file(path, big->headerBytes());
    const TensorInfo* tensor = big->findTensor("blk.0.q6_k.weight");
    EXPECT_TRUE(big->data(*tensor).empty());
    Bytes copy(100);
    const auto got = big->read(*tensor, 3, copy);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().text(), HasSubstr("tensor blk.0.q6_k.weight: the file has shrunk while in use"));
    EXPECT_FALSE(big->stillWhole());
}

TEST(ByteOrder, CutAtEveryByte) {
    const auto whole = test::richFile(true);
    const std::size_t dataEnd = whole.size() - 640 + 384 + 210;  // of the last tensor
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const auto file =
            File::fromBytes({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)}, "cut.gguf");
        ASSERT_EQ(file.has_value(), cut >= dataEnd) << cut;
    }
}

TEST(ByteOrder, FaultsOfBigEndianFilesNameThePlace) {
    const auto raw = [](std::uint64_t tensors, std::uint64_t keys) { return RawGguf(3, tensors, keys, true); };
    const std::pair<RawGguf, std::string> cases[] = {
        {raw(0, 1).key("k", 8).u64(1ULL << 63U).zeros(8), "key k: the length of a string at byte 37 is 92233720368547"},
        {raw(0, 1).array("k", 10, (1ULL << 61U) + 1).zeros(64),
         "key k: the array's length at byte 41 is 23058430092136"},
        {raw(0, 1).array("k", 8, 1ULL << 63U).zeros(64), "key k: the array's length"},
        {raw(0, 1).key("k", 13).zeros(8), "key k: the value's type at byte 33 is 13"},
        {raw(0, 1).key("general.alignment", 4).u32(48), "key general.alignment: the alignment is 48"},
        {raw(1, 0).tensor("w", {32}, 0, 4).pad().zeros(128), "tensor w: the data offset at byte 49 is 4"},
        {raw(1, 0).tensor("w", {32, 0}, 0, 0).pad().zeros(128), "tensor w: dimension 1 at byte 45 is 0"},
        {raw(1ULL << 58U, 0).zeros(64), "header: the number of tensors is 288230376151711744"}};
    for (const auto& [bytes, sentence] : cases) {
        const auto file = File::fromBytes(bytes.bytes(), "bad.gguf");
        ASSERT_FALSE(file) << sentence;
        EXPECT_THAT(file.error().text(), testing::StartsWith("bad.gguf: " + sentence));
    }
}

}  // namespace
}  // namespace kvscope::gguf
