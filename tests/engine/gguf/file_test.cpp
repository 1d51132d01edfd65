// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>

#include "engine/gguf/dequantise.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/raw_gguf.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using test::RawGguf;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

TEST(File, TellsWhatTheFileHolds) {
    const auto bytes = test::richFile();
    const auto file = File::fromBytes(bytes, "rich.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->path(), "rich.gguf");
    EXPECT_EQ(file->version(), 3U);
    EXPECT_EQ(file->alignment(), 64U);
    EXPECT_EQ(file->fileBytes(), bytes.size());
    EXPECT_EQ(file->headerBytes(), bytes.size() - 640);
    ASSERT_EQ(file->keys().size(), 24U);
    EXPECT_EQ(file->keys()[0].key, "u8");
    EXPECT_EQ(file->keys()[0].fileOffset, 24U);
    EXPECT_EQ(file->keys()[1].fileOffset, 24U + 8 + 2 + 4 + 1);
    const KeyValue* strings = file->find("a.string");
    ASSERT_NE(strings, nullptr);
    EXPECT_EQ(strings->type, ValueType::Array);
    EXPECT_EQ(strings->elementType, ValueType::String);
    EXPECT_EQ(strings->count, 3U);
    EXPECT_EQ(strings->payload.size(), 3 * 8 + 3 + 2U);
    EXPECT_EQ(file->find("string")->payload.size(), 4U);
    EXPECT_EQ(file->find("nothing"), nullptr);
    EXPECT_EQ(file->find(""), nullptr);
}

TEST(File, TensorsInAnyOrderOfTheirData) {
    const auto bytes = test::richFile();
    const auto file = File::fromBytes(bytes, "rich.gguf");
    ASSERT_TRUE(file) << file.error().text();
    ASSERT_EQ(file->tensors().size(), 5U);
    EXPECT_EQ(file->tensors()[0].name, "half");
    const TensorInfo* single = file->findTensor("single");
    ASSERT_NE(single, nullptr);
    EXPECT_THAT(single->dims, ElementsAre(4, 3, 2, 1));
    EXPECT_EQ(single->rowLength(), 4U);
    EXPECT_EQ(single->rows(), 6U);
    EXPECT_EQ(single->values(), 24U);
    EXPECT_EQ(single->bytes, 96U);
    EXPECT_EQ(single->offset, file->headerBytes());
    const TensorInfo* eight = file->findTensor("eight");
    ASSERT_NE(eight, nullptr);
    EXPECT_EQ(eight->bytes, 68U);
    EXPECT_EQ(eight->offset, file->headerBytes() + 192);
    ASSERT_EQ(file->data(*eight).size(), 68U);
    EXPECT_EQ(file->data(*eight)[0], bytes[bytes.size() - 640 + 192]);
    std::vector<std::byte> copy(10);
    ASSERT_TRUE(file->read(*eight, 58, copy));
    EXPECT_TRUE(std::ranges::equal(copy, file->data(*eight).subspan(58)));
    EXPECT_FALSE(file->read(*eight, 59, copy));
    EXPECT_EQ(file->findTensor("seven"), nullptr);
    for (const TensorInfo& tensor : file->tensors()) {
        std::vector<float> values(tensor.values());
        EXPECT_TRUE(dequantise(tensor.type, file->data(tensor), values)) << tensor.name;
    }
}

TEST(File, Version2IsTheSame) {
    auto bytes = test::richFile();
    bytes[4] = std::byte{2};
    const auto file = File::fromBytes(bytes, "two.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->version(), 2U);
    EXPECT_EQ(file->tensors().size(), 5U);
}

TEST(File, TellsWhichTensorsWereRead) {
    const auto file = File::fromBytes(test::richFile(), "rich.gguf");
    const TensorInfo& four = *file->findTensor("four");
    const TensorInfo& six = *file->findTensor("six");
    EXPECT_FALSE(file->wasRead(four));
    std::vector<std::byte> copy(4);
    ASSERT_TRUE(file->read(four, 0, copy));
    EXPECT_TRUE(file->wasRead(four));
    EXPECT_FALSE(file->wasRead(six));
    (void)file->data(six);
    EXPECT_TRUE(file->wasRead(six));
    EXPECT_FALSE(file->wasRead(*file->findTensor("eight")));
}

TEST(File, PlaceholdersAreFoundButHaveNoData) {
    auto file = File::fromBytes(test::richFile(), "rich.gguf");
    for (const auto& [name, dims] :
         {std::pair("five", std::vector<std::uint64_t>{4, 2}), std::pair("zero", std::vector<std::uint64_t>{1}),
          std::pair("a", std::vector<std::uint64_t>{1ULL << 40U, 2})}) {
        ASSERT_TRUE(file->addPlaceholder(name, dims));
        const TensorInfo* tensor = file->findTensor(name);
        ASSERT_NE(tensor, nullptr) << name;
        EXPECT_EQ(tensor->dims, dims);
        EXPECT_EQ(tensor->part, kNoPart);
        EXPECT_TRUE(file->data(*tensor).empty());
        std::vector<std::byte> copy(4);
        const auto got = file->read(*tensor, 0, copy);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().where, "rich.gguf: tensor " + std::string(name));
        EXPECT_FALSE(file->wasRead(*tensor));
    }
    for (const char* name : {"half", "single", "eight", "four", "six"}) {
        EXPECT_FALSE(file->data(*file->findTensor(name)).empty()) << name;
        EXPECT_FALSE(file->addPlaceholder(name, {4}));
    }
    EXPECT_FALSE(file->addPlaceholder("five", {4, 2}));
    EXPECT_FALSE(file->addPlaceholder("n", {}));
    EXPECT_FALSE(file->addPlaceholder("n", {1, 1, 1, 1, 1}));
    EXPECT_FALSE(file->addPlaceholder("n", {4, 0}));
    EXPECT_FALSE(file->addPlaceholder("n", {1ULL << 40U, 1ULL << 40U}));
    EXPECT_FALSE(file->addPlaceholder("n", {1ULL << 61U}));
}

TEST(File, AFileOfKeysAloneMayEndRightAfterThem) {
    const auto file = File::fromBytes(RawGguf(3, 0, 1).key("k", 0).u8(1).bytes(), "keys.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->headerBytes(), file->fileBytes());
    EXPECT_TRUE(File::fromBytes(RawGguf(3, 0, 0).bytes(), "nothing.gguf"));
}

TEST(File, ArraysEightDeepAreSkipped) {
    RawGguf raw(3, 0, 1);
    raw.key("deep", 9);
    for (int i = 1; i < 8; ++i) raw.u32(9).u64(1);
    raw.u32(0).u64(1).u8(7);
    const auto file = File::fromBytes(raw.bytes(), "deep.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->find("deep")->elementType, ValueType::Array);
}

TEST(File, LongestTensorNameAndSharedEdge) {
    RawGguf raw(3, 2, 0);
    raw.tensor(std::string(63, 'n'), {8}, 0, 0).tensor("next", {8}, 0, 32).pad().zeros(64);
    const auto file = File::fromBytes(raw.bytes(), "edge.gguf");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_NE(file->findTensor(std::string(63, 'n')), nullptr);
}

TEST(File, RefusesWhatIsNoRegularFile) {
    const TemporaryFolder folder;
    const auto fifo = folder / "fifo.gguf";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    test::writeBytes(folder / "empty.gguf", {});
    const auto start = Clock::now();
    const std::pair<std::filesystem::path, std::string> cases[] = {
        {fifo, fifo.string() + ": this is a pipe, not a model file"},
        {folder / "", (folder / "").string() + ": this is a directory, not a model file"},
        {folder / "empty.gguf", (folder / "empty.gguf").string() + ": the file is empty (0 bytes)"},
        {"", "model file: the path is empty"},
        {"/dev/zero", "/dev/zero: this is a device, not a model file"},
        {folder / "none\n.gguf", (folder / "none").string() + "\\x0A.gguf: cannot open: No such file or directory"}};
    for (const auto& [path, sentence] : cases) {
        const auto file = File::open(path);
        ASSERT_FALSE(file) << path;
        EXPECT_EQ(file.error().text(), sentence);
    }
    EXPECT_LT(secondsSince(start), 1.0);
}

TEST(File, ALongStringIsRefusedBeforeItIsRead) {
    const TemporaryFolder folder;
    const auto path = folder / "long.gguf";
    test::writeBytes(path, RawGguf(3, 0, 1).key("k", 8).u64((64ULL << 20U) + 1).bytes());
    std::filesystem::resize_file(path, 80ULL << 20U);  // sparse
    const auto file = File::open(path);
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().text(), HasSubstr("key k: the length of a string at byte 37 is 67108865, more than"));
}

TEST(File, AHugeHeaderIsRefused) {
    const TemporaryFolder folder;
    const auto path = folder / "huge.gguf";
    test::writeBytes(path, RawGguf(3, 0, 1).array("k", 0, 1ULL << 33U).bytes());
    std::filesystem::resize_file(path, 9ULL << 30U);  // sparse
    const auto start = Clock::now();
    const auto file = File::open(path);
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().text(), HasSubstr("key k: the header is longer than 268435456 bytes"));
    EXPECT_LT(secondsSince(start), 1.0);
}

TEST(File, OpeningTouchesOnlyTheHeader) {
    const TemporaryFolder folder;
    const auto path = folder / "big.gguf";
    test::writeBytes(path, RawGguf(3, 1, 0).tensor("w", {25'000'000}, 0, 0).pad().bytes());
    std::filesystem::resize_file(path, 96 + 100'000'000);
    const auto start = Clock::now();
    const auto file = File::open(path);
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_LT(secondsSince(start), 0.3);
    EXPECT_EQ(file->findTensor("w")->bytes, 100'000'000U);
}

TEST(File, LargeStringArraysAreQuick) {
    RawGguf raw(3, 0, 1);
    raw.array("tokens", 8, 150'000);
    for (int i = 0; i < 150'000; ++i) raw.string("token" + std::to_string(i));
    const TemporaryFolder folder;
    test::writeBytes(folder / "tokens.gguf", raw.bytes());
    const auto start = Clock::now();
    const auto file = File::open(folder / "tokens.gguf");
    ASSERT_TRUE(file) << file.error().text();
    const auto tokens = file->readStringArray("tokens");
    ASSERT_TRUE(tokens && *tokens);
    EXPECT_LT(secondsSince(start), 1.0);
    EXPECT_EQ((*tokens)->size(), 150'000U);
    EXPECT_EQ((*tokens)->back(), "token149999");
}

TEST(File, AFileThatShrinksIsAnErrorNotASignal) {
    const TemporaryFolder folder;
    const auto path = folder / "shrinks.gguf";
    RawGguf raw(3, 1, 1);
    raw.key("name", 8).string("still here").tensor("w", {65536}, 0, 0).pad().zeros(65536 * 4);
    test::writeBytes(path, raw.bytes());
    const auto file = File::open(path);
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_TRUE(file->stillWhole());
    std::filesystem::resize_file(path, 16);
    const auto whole = file->stillWhole();
    ASSERT_FALSE(whole);
    EXPECT_THAT(whole.error().text(), HasSubstr("has shrunk while in use: from"));
    std::vector<std::byte> out(65536);
    const auto got = file->read(*file->findTensor("w"), 4096, out);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().where, path.string() + ": tensor w");
    EXPECT_THAT(got.error().message, HasSubstr("has shrunk while in use"));
    const auto name = file->readString("name");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->value_or(""), "still here");
}

TEST(File, MovesKeepViewsValid) {
    auto first = File::fromBytes(test::richFile(), "a");
    ASSERT_TRUE(first);
    File second = std::move(*first);
    auto third = File::fromBytes(RawGguf(3, 0, 0).bytes(), "b");
    ASSERT_TRUE(third);
    *third = std::move(second);
    EXPECT_EQ(third->readString("string")->value_or(""), "text");
}

TEST(File, TensorsOfRemovedTypesAreListed) {
    RawGguf raw(3, 1, 0);
    raw.tensor("old", {64, 3}, 4, 0).pad().zeros(128);  // Q4_2: 10 bytes for 16 values
    const auto file = File::fromBytes(raw.bytes(), "old.gguf");
    ASSERT_TRUE(file) << file.error().text();
    const TensorInfo& tensor = *file->findTensor("old");
    EXPECT_EQ(tensor.bytes, 120U);
    EXPECT_TRUE(tensorTypeInfo(tensor.type)->removed);
    EXPECT_EQ(tensorTypeInfo(tensor.type)->name, "Q4_2");
}

}  // namespace
}  // namespace kvscope::gguf
