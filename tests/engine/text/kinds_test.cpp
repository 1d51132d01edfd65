// SPDX-License-Identifier: Apache-2.0
// Details and faults of the kinds whose ids agreement_test.cpp compares.
#include <gmock/gmock.h>

#include "engine/text/charsmap.h"
#include "engine/text/prefix_tree.h"
#include "engine/text/tokenizer_kinds.h"
#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Numbers = std::vector<std::int64_t>;

TEST(Kinds, AreThoseOfTheTable) {
    Strings names;
    for (const auto& kind : tokenizerKinds()) names.emplace_back(kind.name);
    EXPECT_THAT(names, ElementsAre("llama", "gpt2", "gemma4", "bert", "t5", "rwkv"));
}

TEST(PrefixTree, FindsTheLongest) {
    const PrefixTree tree({{"a", 1}, {"abc", 2}, {"b", 3}, {"abc", 9}, {"", 4}, {"\xFF\x80", 5}});
    EXPECT_EQ(tree.longest("abcd").id, 2);
    EXPECT_EQ(tree.longest("abcd").bytes, 3U);
    EXPECT_EQ(tree.longest("abd").id, 1);
    EXPECT_EQ(tree.longest("\xFF\x80").id, 5);
    EXPECT_EQ(tree.longest("c").id, kNoToken);
    EXPECT_EQ(tree.longest("").id, kNoToken);
    EXPECT_EQ(PrefixTree({}).longest("a").id, kNoToken);
}

TEST(Charsmap, BrokenTablesAreErrors) {
    const auto message = [](const Numbers& bytes) {
        const auto map = Charsmap::parse(bytes, "f: key");
        return map ? "none" : map.error().message;
    };
    EXPECT_EQ(message({}), "none");
    EXPECT_THAT(message({1, 2, 3}), HasSubstr("3 bytes, too few"));
    EXPECT_THAT(message({8, 0, 0, 0, 1, 2, 3, 4}), HasSubstr("8 bytes, but 4 follow"));
    EXPECT_THAT(message({3, 0, 0, 0, 1, 2, 3}), HasSubstr("3 bytes"));
    EXPECT_THAT(message({0, 0, 0, 0, 65}), HasSubstr("does not end"));
    EXPECT_THAT(message({0, 0, 0, 256}), HasSubstr("the value 256 is no byte"));
    EXPECT_THAT(message({-1, -1, -1, -1, 0}), HasSubstr("4294967295 bytes"));
}

TEST(Charsmap, PlacesOutsideTheTableEndTheSearch) {
    std::uint32_t state = 3;
    for (int round = 0; round < 300; ++round) {
        Numbers bytes{64, 0, 0, 0};
        for (int i = 0; i < 64 + 20; ++i) {
            state = state * 1664525U + 1013904223U;
            bytes.push_back(state >> 24U);
        }
        bytes.push_back(0);
        const auto map = Charsmap::parse(bytes, "");
        ASSERT_TRUE(map);
        for (int byte = 1; byte < 256; ++byte) {
            const std::string text(9, static_cast<char>(byte));
            const auto match = map->find(text);
            EXPECT_TRUE(!match || (match->bytes >= 1 && match->bytes <= text.size()));
        }
    }
}

gguf::Writer unigramFile(std::size_t scores) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "t5");
    writer.addStringArray("tokenizer.ggml.tokens", Strings{"<pad>", "</s>", "<unk>", "a", "b", "ab"});
    writer.addInt32Array("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 2, 1, 1, 1});
    if (scores > 0) writer.addFloat32Array("tokenizer.ggml.scores", std::vector<float>(scores, -1));
    return writer;
}

TEST(Unigram, ScoresAreNeeded) {
    const auto missing = tokenizerOf(unigramFile(0));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().where, HasSubstr("tokenizer.ggml.scores"));
    const auto few = tokenizerOf(unigramFile(5));
    ASSERT_FALSE(few);
    EXPECT_THAT(few.error().message, HasSubstr("there are 5 scores for 6 tokens"));
}

TEST(Unigram, TheBestSumAndRunsOfUnknowns) {
    const auto tokenizer = soundTokenizer(unigramFile(6));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "aabb"), ElementsAre(3, 5, 4, 1));
    EXPECT_THAT(encoded(*tokenizer, "axyb"), ElementsAre(3, 2, 4, 1));
    EXPECT_THAT(encoded(*tokenizer, "\xFF\xFE"), ElementsAre(2, 1));
    EXPECT_THAT(encoded(*tokenizer, ""), ElementsAre(1));
    EXPECT_EQ(tokenizer->kind(), "t5");
}

TEST(Rwkv, EscapesAreBytes) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "rwkv");
    writer.addStringArray("tokenizer.ggml.tokens",
                          Strings{"<s>", R"(\t)", R"(\n\r)", R"(\\)", R"(\')", R"(\xff\x00)", R"(a\x4)", "\"", "ab"});
    writer.addInt32Array("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 1, 1, 1, 1, 1, 1, 1, 1});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, std::string_view("\t\n\r\\'\xFF\0\"ab", 10)), ElementsAre(1, 2, 3, 4, 5, 7, 8));
    EXPECT_EQ(tokenizer->tokenBytes(5, false), std::string("\xFF\0", 2));
    EXPECT_EQ(tokenizer->tokenBytes(6, false), "ax4");
    EXPECT_THAT(encoded(*tokenizer, "zab"), ElementsAre(8));  // a byte without a token is left out
    EXPECT_THAT(encoded(*tokenizer, "<s>ab", {.parseSpecial = true}), ElementsAre(0, 8));
}

TEST(WordPiece, WordsThatAreNotCoveredAreUnknown) {
    const auto path = vocabularyFile("bert");
    ASSERT_TRUE(path);
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, ""), ElementsAre(2, 3));             // [CLS] [SEP]
    EXPECT_THAT(encoded(*tokenizer, "x\u0E00y"), ElementsAre(2, 1, 3));  // one [UNK] for the whole word
    EXPECT_THAT(encoded(*tokenizer, "\xFF \xC3"), ElementsAre(2, 3));    // no characters
    EXPECT_EQ(tokenizer->decode(encoded(*tokenizer, "Hello, World")), "hello , world");
    EXPECT_TRUE(tokenizer->cleansSpaces());
}

}  // namespace
}  // namespace kvscope::text
