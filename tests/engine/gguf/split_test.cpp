// SPDX-License-Identifier: Apache-2.0
// Split models. The shards in data/ are written by another implementation (make_order_files.py).
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "engine/gguf/file.h"
#include "engine/gguf/split_name.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/raw_gguf.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using test::RawGguf;
using test::splitPart;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

std::filesystem::path dataFile(std::string_view name) {
    return std::filesystem::path(GGUF_TEST_DATA) / name;
}

TEST(SplitName, ReadsAndWrites) {
    const auto name = parseSplitName("some-model-00002-of-00005.gguf");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->prefix, "some-model");
    EXPECT_EQ(name->number, 2U);
    EXPECT_EQ(name->count, 5U);
    EXPECT_EQ(name->text(), "some-model-00002-of-00005.gguf");
    EXPECT_EQ(name->sibling(5).text(), "some-model-00005-of-00005.gguf");
    EXPECT_EQ(parseSplitName("a-00001-of-00002-00003-of-00004.gguf")->prefix, "a-00001-of-00002");
    for (const char* other : {"", ".gguf", "m.gguf", "m-1-of-2.gguf", "m-00001-of-00002", "m-00001-of-00002.GGUF",
                              "m00001-of-00002.gguf", "m-0000a-of-00002.gguf", "m--0001-of-00002.gguf",
                              "m-00001-of-+0002.gguf", "00001-of-00002.gguf", "m-00001of-00002.gguf"}) {
        EXPECT_FALSE(parseSplitName(other)) << other;
    }
}

class EachPart : public testing::TestWithParam<int> {};

TEST_P(EachPart, OpensTheWholeModel) {
    const auto whole = File::open(dataFile("whole.gguf"));
    const auto split = File::open(dataFile("split-0000" + std::to_string(GetParam()) + "-of-00004.gguf"));
    ASSERT_TRUE(split) << split.error().text();
    EXPECT_EQ(split->path(), dataFile("split-00001-of-00004.gguf"));
    ASSERT_EQ(split->parts().size(), 4U);
    std::vector<std::uint64_t> tensors;
    std::uint64_t bytes = 0;
    for (const FilePart& part : split->parts()) {
        tensors.push_back(part.tensors);
        EXPECT_EQ(part.bytes, std::filesystem::file_size(part.path));
        bytes += part.bytes;
    }
    EXPECT_THAT(tensors, ElementsAre(0, 3, 3, 3));
    EXPECT_EQ(split->fileBytes(), bytes);
    for (const KeyValue& kv : whole->keys()) {
        const KeyValue* other = split->find(kv.key);
        ASSERT_NE(other, nullptr) << kv.key;
        EXPECT_TRUE(std::ranges::equal(other->payload, kv.payload)) << kv.key;
    }
    ASSERT_EQ(split->tensors().size(), whole->tensors().size());
    for (std::size_t i = 0; i < whole->tensors().size(); ++i) {
        const TensorInfo& wanted = whole->tensors()[i];
        const TensorInfo& tensor = split->tensors()[i];
        EXPECT_EQ(tensor.name, wanted.name);
        EXPECT_EQ(tensor.part, 1 + i / 3);
        EXPECT_EQ(split->findTensor(wanted.name), &tensor);
        EXPECT_TRUE(std::ranges::equal(split->data(tensor), whole->data(wanted))) << tensor.name;
        std::vector<std::byte> copy(tensor.bytes / 2);
        ASSERT_TRUE(split->read(tensor, 1, copy));
        EXPECT_TRUE(std::ranges::equal(copy, whole->data(wanted).subspan(1, copy.size()))) << tensor.name;
    }
    EXPECT_EQ(split->whereTensor("blk.0.q8_0.weight"),
              dataFile("split-00003-of-00004.gguf").string() + ": tensor blk.0.q8_0.weight");
    EXPECT_EQ(split->whereKey("k.u8"), dataFile("split-00001-of-00004.gguf").string() + ": key k.u8");
}

INSTANTIATE_TEST_SUITE_P(Split, EachPart, testing::Range(1, 5));

TEST(Split, InMemoryAndBigEndian) {
    for (const bool bigEndian : {false, true}) {
        for (int given = 0; given < 3; ++given) {
            auto files = test::splitFiles(bigEndian);
            std::rotate(files.begin(), files.begin() + given, files.end());
            const auto model = File::fromBytes(std::move(files));
            ASSERT_TRUE(model) << model.error().text();
            EXPECT_EQ(*model->readUint("first"), (std::uint64_t{77}));
            ASSERT_EQ(model->tensors().size(), 2U);
            for (const auto& [name, first] : {std::pair("two", 10.0F), std::pair("three", 20.0F)}) {
                const auto view = model->data(*model->findTensor(name));
                float value = 0;
                ASSERT_EQ(view.size(), 32U);
                std::memcpy(&value, view.data(), 4);
                EXPECT_EQ(value, first);
            }
        }
    }
}

TEST(Split, MissingPartsAreNamed) {
    const TemporaryFolder folder;
    const auto files = test::splitFiles();
    const auto path = [&](std::size_t i) { return folder / files[i].path.string(); };
    test::writeBytes(path(1), files[1].bytes);
    const auto two = File::open(path(1));
    ASSERT_FALSE(two);
    EXPECT_EQ(exitCode(two.error().kind), 3);
    EXPECT_EQ(two.error().text(),
              path(1).string() +
                  ": the model has 3 parts, of which 2 are missing beside this one: "
                  "m-00001-of-00003.gguf, m-00003-of-00003.gguf; all of them must lie in one folder");
    test::writeBytes(path(0), files[0].bytes);
    for (const std::size_t given : {0U, 1U}) {
        const auto file = File::open(path(given));
        ASSERT_FALSE(file);
        EXPECT_THAT(file.error().text(), HasSubstr("of which one is missing beside this one: m-00003-of-00003.gguf;"));
    }
    test::writeBytes(path(2), {});
    const auto empty = File::open(path(0));
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().text(), path(2).string() + ": the file is empty (0 bytes)");
    std::filesystem::remove(path(2));
    std::filesystem::create_directory(path(2));
    const auto directory = File::open(path(0));
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().text(), path(2).string() + ": this is a directory, not a model file");
}

TEST(Split, ManyMissingPartsAreCounted) {
    const auto part = splitPart({.number = 999, .count = 1000});
    const auto file = File::fromBytes(part, "m-01000-of-01000.gguf");
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message, HasSubstr("of which 999 are missing"));
    EXPECT_THAT(file.error().message, HasSubstr("m-00008-of-01000.gguf and 991 more; all"));
}

TEST(Split, SiblingsAreSoughtInTheFolderOfTheGivenFile) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "store");
    std::filesystem::create_directory(folder / "model");
    // a name that begins with dots, and parts that are links into another folder, as download caches have them
    for (std::size_t i = 0; i < 3; ++i) {
        const auto blob = folder / ("store/" + std::to_string(i));
        test::writeBytes(blob, test::splitFiles()[i].bytes);
        std::filesystem::create_symlink(blob, folder / ("model/..-0000" + std::to_string(i + 1) + "-of-00003.gguf"));
    }
    const auto model = File::open(folder / "model/..-00002-of-00003.gguf");
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->tensors().size(), 2U);
    EXPECT_EQ(model->path(), folder / "model/..-00001-of-00003.gguf");
}

TEST(Split, ACountOfZeroOrOneIsUnsplit) {
    for (const std::uint16_t count : {std::uint16_t{0}, std::uint16_t{1}}) {
        const auto file =
            File::fromBytes(splitPart({.number = 0, .count = count, .tensors = 9, .tensor = "w"}), "m.gguf");
        ASSERT_TRUE(file) << file.error().text();
        EXPECT_EQ(file->tensors().size(), 1U);
        EXPECT_EQ(file->parts().size(), 1U);
    }
}

struct Mistake {
    std::string name;
    std::size_t part;  ///< this one is replaced by
    test::SplitPart instead;
    std::string error;  ///< when part 0 is opened
};

TEST(Split, PartsThatDisagreeAreRefused) {
    const Mistake mistakes[] = {
        {"number of another",
         1,
         {.number = 2, .tensor = "two"},
         "m-00002-of-00003.gguf: key split.no: the file is part 3 by this key, which is 2 and counts from 0, but part "
         "2 "
         "by its name"},
        {"first says it is the second",
         0,
         {.number = 1},
         "m-00001-of-00003.gguf: key split.no: the file is part 2 by this key, which is 1 and counts from 0, but part "
         "1 "
         "by its name"},
        {"number beyond the count",
         1,
         {.number = 3, .tensor = "two"},
         "m-00002-of-00003.gguf: key split.no: the part's number is 3 (from 0) of 3 parts"},
        {"another count",
         2,
         {.number = 2, .count = 4, .tensor = "three"},
         "m-00003-of-00003.gguf: key split.count: the file is one of 4 parts, but m-00001-of-00003.gguf is one of 3"},
        {"a count of one",
         2,
         {.number = 2, .count = 1, .tensor = "three"},
         "m-00003-of-00003.gguf: key split.count: the file is no part of a split model, but m-00001-of-00003.gguf is "
         "one "
         "of 3"},
        {"a count that the name has not",
         0,
         {.number = 0, .count = 5},
         "m-00001-of-00003.gguf: key split.count: the model has 5 parts, but 3 by the file's name"},
        {"too many parts",
         0,
         {.number = 0, .count = 1025},
         "m-00001-of-00003.gguf: key split.count: the model has 1025 parts, more than the 1024 allowed"},
        {"another number of tensors",
         2,
         {.number = 2, .tensors = 3, .tensor = "three"},
         "m-00003-of-00003.gguf: key split.tensors.count: the parts hold 3 tensors together, but 2 by "
         "m-00001-of-00003.gguf"},
        {"a tensor too few",
         2,
         {.number = 2, .tensor = ""},
         "m-00001-of-00003.gguf: key split.tensors.count: the key says 2 tensors, the parts hold 1 together"},
        {"a tensor twice",
         2,
         {.number = 2, .tensor = "two"},
         "m-00003-of-00003.gguf: tensor two: the tensor is there twice, in this part and in m-00002-of-00003.gguf"},
        {"another byte order",
         1,
         {.number = 1, .tensor = "two", .bigEndian = true},
         "m-00002-of-00003.gguf: the file is big-endian, but m-00001-of-00003.gguf is little-endian"},
    };
    for (const Mistake& mistake : mistakes) {
        auto files = test::splitFiles();
        files[mistake.part].bytes = splitPart(mistake.instead);
        const auto file = File::fromBytes(std::move(files));
        ASSERT_FALSE(file) << mistake.name;
        EXPECT_EQ(file.error().text(), mistake.error) << mistake.name;
        EXPECT_EQ(exitCode(file.error().kind), 3);
    }
}

TEST(Split, APartNeedsItsName) {
    for (const char* name : {"renamed.gguf", "m-00002-of-00003", "m-2-of-3.gguf"}) {
        const auto file = File::fromBytes(test::splitFiles()[1].bytes, name);
        ASSERT_FALSE(file);
        EXPECT_EQ(file.error().text(),
                  std::string(name) +
                      ": key split.count: the file is part 2 of 3 of a model, and the others are found by its "
                      "name, which does not end in -00002-of-00003.gguf; rename it");
    }
    const auto zero = File::fromBytes(test::splitFiles()[1].bytes, "m-00000-of-00003.gguf");
    ASSERT_FALSE(zero);
    EXPECT_THAT(zero.error().text(), HasSubstr("but part 0 by its name"));
}

TEST(Split, KeysOfTheWrongTypeAndMissingOnes) {
    const auto open = [](const RawGguf& raw) { return File::fromBytes(raw.bytes(), "m-00001-of-00003.gguf"); };
    const auto noNumber = open(RawGguf(3, 0, 1).key("split.count", 2).u16(3));
    ASSERT_FALSE(noNumber);
    EXPECT_THAT(noNumber.error().text(), HasSubstr("key split.no: the key is missing, and the file is one of 3 parts"));
    const auto text = open(RawGguf(3, 0, 1).key("split.count", 8).string("3"));
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().text(), HasSubstr("key split.count: the value's type is string"));
    const auto negative = open(RawGguf(3, 0, 1).key("split.count", 5).u32(0xFFFFFFFF));
    ASSERT_FALSE(negative);
    EXPECT_THAT(negative.error().text(), HasSubstr("key split.count: the value is -1"));
    const auto tensors = open(RawGguf(3, 0, 3)
                                  .key("split.count", 2)
                                  .u16(3)
                                  .key("split.no", 2)
                                  .u16(0)
                                  .key("split.tensors.count", 5)
                                  .u32(0xFFFFFFFF));
    ASSERT_FALSE(tensors);
    EXPECT_THAT(tensors.error().text(), HasSubstr("key split.tensors.count: the value is -1"));
}

TEST(Split, APartThatShrinksIsAnError) {
    const TemporaryFolder folder;
    for (const NamedBytes& file : test::splitFiles()) test::writeBytes(folder / file.path.string(), file.bytes);
    const auto model = File::open(folder / "m-00001-of-00003.gguf");
    ASSERT_TRUE(model) << model.error().text();
    ASSERT_TRUE(model->stillWhole());
    const auto last = folder / "m-00003-of-00003.gguf";
    std::filesystem::resize_file(last, 40);
    const auto whole = model->stillWhole();
    ASSERT_FALSE(whole);
    EXPECT_THAT(whole.error().text(), HasSubstr(last.string() + ": the file has shrunk while in use"));
    std::vector<std::byte> copy(32);
    const auto got = model->read(*model->findTensor("three"), 0, copy);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().text(), HasSubstr(last.string() + ": tensor three: the file has shrunk"));
    EXPECT_TRUE(model->read(*model->findTensor("two"), 0, copy));
}

TEST(Split, DamageInASiblingNamesIt) {
    const auto whole = test::splitFiles();
    for (std::size_t cut = 0; cut < whole[1].bytes.size(); ++cut) {
        auto files = whole;
        files[1].bytes.resize(cut);
        const auto file = File::fromBytes(std::move(files));
        ASSERT_FALSE(file) << cut;
        EXPECT_THAT(file.error().where, testing::StartsWith("m-00002-of-00003.gguf")) << cut;
    }
}

}  // namespace
}  // namespace kvscope::gguf
