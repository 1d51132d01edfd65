// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Piece {
    std::string text;
    float score = 0;
    std::int32_t type = 1;
};

/// A llama tokenizer: <unk>, <s>, </s> as 0, 1, 2, then `pieces` from id 3.
gguf::Writer spmFile(const std::vector<Piece>& pieces) {
    Strings tokens{"<unk>", "<s>", "</s>"};
    std::vector<float> scores{0, 0, 0};
    std::vector<std::int32_t> types{2, 3, 3};
    for (const auto& piece : pieces) {
        tokens.push_back(piece.text);
        scores.push_back(piece.score);
        types.push_back(piece.type);
    }
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "llama");
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addFloat32Array("tokenizer.ggml.scores", scores);
    writer.addInt32Array("tokenizer.ggml.token_type", types);
    return writer;
}

std::vector<Piece> letters() {
    return {{"\u2581", -9}, {"a", -9}, {"b", -9}, {"c", -9}};  // ids 3 to 6
}

TEST(Spm, HighestScoreFirstThenLeftmost) {
    auto pieces = letters();
    pieces.insert(pieces.end(), {{"ab", -3}, {"bc", -2}, {"aa", -4}, {"\u2581a", -5}});  // ids 7 to 10
    const auto tokenizer = soundTokenizer(spmFile(pieces));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "abc"), ElementsAre(1, 10, 8));        // "bc" before "ab"
    EXPECT_THAT(encoded(*tokenizer, "baaa"), ElementsAre(1, 3, 5, 9, 4));  // of equal scores the leftmost
    EXPECT_THAT(encoded(*tokenizer, "a a"), ElementsAre(1, 10, 10));
    EXPECT_TRUE(tokenizer->addsSpacePrefix());
    EXPECT_EQ(tokenizer->decode(Ids{1, 10, 8}), "abc");
}

TEST(Spm, TheSpacePrefixFollowsSpecialTokensToo) {
    const auto tokenizer = soundTokenizer(spmFile(letters()));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "a</s>b", {.parseSpecial = true}), ElementsAre(1, 3, 4, 2, 3, 5));
    EXPECT_THAT(encoded(*tokenizer, "", {}), ElementsAre(1));
}

TEST(Spm, NoSpacePrefixWhereTheFileSaysSo) {
    auto writer = spmFile(letters());
    writer.addBool("tokenizer.ggml.add_space_prefix", false);
    writer.addBool("tokenizer.ggml.add_bos_token", false);
    writer.addBool("tokenizer.ggml.add_eos_token", true);
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "a b"), ElementsAre(4, 3, 5, 2));
    EXPECT_FALSE(tokenizer->addsSpacePrefix());
    EXPECT_EQ(tokenizer->decode(Ids{3, 4}), " a");
}

TEST(Spm, ByteTokensForWhatIsNoToken) {
    auto pieces = letters();
    for (const auto* name : {"<0xC3>", "<0xA9>", "<0xFF>"}) pieces.push_back({name, 0, 6});  // ids 7 to 9
    const auto tokenizer = soundTokenizer(spmFile(pieces));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "\u00e9"), ElementsAre(1, 3, 7, 8));
    EXPECT_THAT(encoded(*tokenizer, "\xFF\xC3"), ElementsAre(1, 3, 9, 7));
    EXPECT_THAT(encoded(*tokenizer, "z"), ElementsAre(1, 3, 0));       // no byte token: unknown
    EXPECT_THAT(encoded(*tokenizer, "\u20ac"), ElementsAre(1, 3, 0));  // one for the character
    EXPECT_EQ(tokenizer->tokenBytes(7, false), "\xC3");
    EXPECT_EQ(tokenizer->decode(Ids{1, 3, 7, 8}), "\u00e9");
}

TEST(Spm, MissingScoresAreAWarning) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "llama");
    writer.addStringArray("tokenizer.ggml.tokens", Strings{"<unk>", "<s>", "</s>", "a"});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(tokenizer->warnings(), testing::Contains(HasSubstr("tokenizer.ggml.scores")));
}

TEST(Spm, DefaultIdsOutsideASmallVocabularyAreNone) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "llama");
    writer.addStringArray("tokenizer.ggml.tokens", Strings{"a"});
    writer.addFloat32Array("tokenizer.ggml.scores", std::vector<float>{0});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->bos(), std::nullopt);
    EXPECT_FALSE(tokenizer->addsBos());
    EXPECT_THAT(tokenizer->warnings(), testing::Contains(HasSubstr("no tokenizer.ggml.bos_token_id")));
}

}  // namespace
}  // namespace kvscope::text
