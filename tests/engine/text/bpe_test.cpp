// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Bpe, LowestRankFirstThenLeftmost) {
    // ids: 256 "ab", 257 "bc", 258 "aa", 259 "abc"
    const auto tokenizer = soundTokenizer(bpeFile("gpt-2", {"a b", "b c", "a a", "ab c"}));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "abc"), ElementsAre(259));
    EXPECT_THAT(encoded(*tokenizer, "bc"), ElementsAre(257));
    EXPECT_THAT(encoded(*tokenizer, "aab"), ElementsAre('a', 256));  // "a b" ranks before "a a"
    EXPECT_THAT(encoded(*tokenizer, "aaa"), ElementsAre(258, 'a'));  // of equal ranks the leftmost
    EXPECT_THAT(encoded(*tokenizer, "aaaaa"), ElementsAre(258, 258, 'a'));
    EXPECT_EQ(tokenizer->kind(), "gpt2");
    EXPECT_EQ(tokenizer->preTokenizer(), "gpt-2");
    EXPECT_TRUE(tokenizer->warnings().empty());
}

TEST(Bpe, MergesStayInsideWords) {
    const auto tokenizer = soundTokenizer(bpeFile("smollm", {"1 2", "\u0120 a", "a \u0120"}));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "12"), ElementsAre('1', '2'));
    EXPECT_THAT(encoded(*tokenizer, "a a"), ElementsAre('a', 257));
}

TEST(Bpe, WholeWordsAreTakenBeforeMergesInLlama3) {
    auto file = [](const std::string& pre) {
        gguf::Writer writer;
        writer.addString("tokenizer.ggml.model", "gpt2");
        writer.addString("tokenizer.ggml.pre", pre);
        Strings tokens = byteTokens();
        tokens.insert(tokens.end(), {"ab", "abc", "<bos>"});
        writer.addStringArray("tokenizer.ggml.tokens", tokens);
        writer.addStringArray("tokenizer.ggml.merges", Strings{"a b"});
        writer.addUint32("tokenizer.ggml.bos_token_id", 258);
        return writer;
    };
    const auto llama = soundTokenizer(file("llama3"));
    const auto gpt2 = soundTokenizer(file("gpt-2"));
    ASSERT_TRUE(llama && gpt2);
    EXPECT_THAT(encoded(*llama, "abc"), ElementsAre(258, 257));  // BOS by default
    EXPECT_THAT(encoded(*gpt2, "abc"), ElementsAre(256, 'c'));
    EXPECT_EQ(llama->preTokenizer(), "llama-bpe");
    EXPECT_TRUE(llama->addsBos());
    EXPECT_FALSE(gpt2->addsBos());
}

TEST(Bpe, BosAndEosAsTheFileAsks) {
    auto writer = bpeFile("gpt-2", {}, {"<s>", "</s>"});
    writer.addUint32("tokenizer.ggml.bos_token_id", 256);
    writer.addUint32("tokenizer.ggml.eos_token_id", 257);
    writer.addBool("tokenizer.ggml.add_bos_token", true);
    writer.addBool("tokenizer.ggml.add_eos_token", true);
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "x"), ElementsAre(256, 'x', 257));
    EXPECT_THAT(encoded(*tokenizer, ""), ElementsAre(256, 257));
    EXPECT_THAT(encoded(*tokenizer, "x", {.addSpecial = false}), ElementsAre('x'));
    EXPECT_TRUE(tokenizer->isEndOfGeneration(257));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(-1));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(258));
    EXPECT_EQ(tokenizer->tokenBytes(-1, true), "");
    EXPECT_EQ(tokenizer->tokenBytes(258, true), "");
}

TEST(Bpe, UnknownPreTokenizerFallsBackWithAWarning) {
    const auto tokenizer = soundTokenizer(bpeFile("nobody-knows", {}));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->preTokenizer(), "default");
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0], HasSubstr("The pre-tokenizer \"nobody-knows\" is not known"));
}

TEST(Bpe, MissingPreTokenizerFallsBackWithAWarning) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addStringArray("tokenizer.ggml.tokens", byteTokens());
    writer.addStringArray("tokenizer.ggml.merges", Strings{});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->preTokenizer(), "default");
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0], HasSubstr("tokenizer.ggml.pre"));
}

TEST(Bpe, BytesWithoutATokenAreLeftOutWithAWarning) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    writer.addStringArray("tokenizer.ggml.tokens", Strings{"a", "b"});
    writer.addStringArray("tokenizer.ggml.merges", Strings{});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(encoded(*tokenizer, "axb"), ElementsAre(0, 1));
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0],
                HasSubstr("241 bytes have no token and are left out when text is encoded: 0x00 0x01"));
}

TEST(Bpe, EndMarkersAreControlTokensWhateverTheFileSays) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    Strings tokens = byteTokens();
    tokens.emplace_back("<|im_end|>");
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addStringArray("tokenizer.ggml.merges", Strings{});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_TRUE(tokenizer->isEndOfGeneration(256));
    EXPECT_EQ(tokenizer->tokenBytes(256, false), "");
    EXPECT_THAT(encoded(*tokenizer, "<|im_end|>", {.parseSpecial = true}), ElementsAre(256));
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0], HasSubstr("Token 256 \"<|im_end|>\" ends a generation"));
}

}  // namespace
}  // namespace kvscope::text
