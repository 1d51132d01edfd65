// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;

/// Byte tokens 0 to 255, then 256 "<a>" control, 257 "<a><b>" control, 258 "##" user-defined, 259 "###" user-defined,
/// 260 "<unk>" unknown, 261 "x<a" control.
std::unique_ptr<Tokenizer> makeSample() {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    Strings tokens = byteTokens();
    tokens.insert(tokens.end(), {"<a>", "<a><b>", "##", "###", "<unk>", "x<a"});
    std::vector<std::int32_t> types(256, 1);
    types.insert(types.end(), {3, 3, 4, 4, 2, 3});
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addInt32Array("tokenizer.ggml.token_type", types);
    writer.addStringArray("tokenizer.ggml.merges", Strings{});
    return soundTokenizer(writer);
}

TEST(SpecialTokens, ControlTokensOnlyWhenAsked) {
    const auto tokenizer = makeSample();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "<a>"), ElementsAre('<', 'a', '>'));
    EXPECT_THAT(encoded(*tokenizer, "<a>", {.parseSpecial = true}), ElementsAre(256));
    EXPECT_THAT(encoded(*tokenizer, "<unk>", {.parseSpecial = true}), ElementsAre(260));
    EXPECT_THAT(encoded(*tokenizer, "1<a>2<a>", {.parseSpecial = true}), ElementsAre('1', 256, '2', 256));
}

TEST(SpecialTokens, UserDefinedTokensAlways) {
    const auto tokenizer = makeSample();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "1##2"), ElementsAre('1', 258, '2'));
    EXPECT_EQ(tokenizer->tokenBytes(258, false), "##");
}

TEST(SpecialTokens, LongestFirstOverTheWholeText) {
    const auto tokenizer = makeSample();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "<a><b><a>", {.parseSpecial = true}), ElementsAre(257, 256));
    EXPECT_THAT(encoded(*tokenizer, "#####"), ElementsAre(259, 258));
    EXPECT_THAT(encoded(*tokenizer, "x<a><b>", {.parseSpecial = true}), ElementsAre('x', 257));
    EXPECT_THAT(encoded(*tokenizer, "x<a>", {.parseSpecial = true}), ElementsAre('x', 256));  // equal lengths: lower id
}

TEST(SpecialTokens, ControlAndUnknownStayHiddenUnlessAsked) {
    const auto tokenizer = makeSample();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->tokenBytes(256, false), "");
    EXPECT_EQ(tokenizer->tokenBytes(256, true), "<a>");
    EXPECT_EQ(tokenizer->tokenBytes(260, false), "");
    EXPECT_EQ(tokenizer->decode(Ids{'1', 256, '2'}), "12");
}

}  // namespace
}  // namespace kvscope::text
