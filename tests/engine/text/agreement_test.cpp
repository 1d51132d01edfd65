// SPDX-License-Identifier: Apache-2.0
// Tokenizers against other implementations (data/tokens_*.json): real vocabularies, made by make_tokens.py and
// real_vocabularies.py, and small ones of each kind, made by make_small_tokens.py.
#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

class Agreement : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        const auto path = vocabularyFile(GetParam());
        if (!path) GTEST_SKIP() << absent(GetParam());
        m_tokenizer = openTokenizer(*path);
        ASSERT_NE(m_tokenizer, nullptr);
    }
    /// Normalising the text, and unknown tokens, lose some of it.
    [[nodiscard]] bool keepsText() const { return m_tokenizer->kind() != "bert" && m_tokenizer->kind() != "t5"; }

    std::unique_ptr<Tokenizer> m_tokenizer;
};

TEST_P(Agreement, IdsAreThoseOfTheOther) {
    const auto data = testData("tokens_" + GetParam() + ".json");
    ASSERT_GE(data["cases"].size(), 40U);
    for (const auto& entry : data["cases"]) {
        const std::string text = entry["text"];
        SCOPED_TRACE(entry["text"].dump());
        EXPECT_EQ(encoded(*m_tokenizer, text), entry["ids"].get<Ids>());
        if (entry.contains("parsed")) {
            EXPECT_EQ(encoded(*m_tokenizer, text, {.parseSpecial = true}), entry["parsed"].get<Ids>());
        }
        if (entry.contains("bare")) {
            EXPECT_EQ(encoded(*m_tokenizer, text, {.addSpecial = false}), entry["bare"].get<Ids>());
        }
    }
}

TEST_P(Agreement, TheSameTokensEndAGeneration) {
    const auto data = testData("tokens_" + GetParam() + ".json");
    if (!data.contains("eog")) GTEST_SKIP() << "the data of " << GetParam() << " do not list them";
    Ids found;
    for (TokenId id = 0; id < static_cast<TokenId>(m_tokenizer->vocabularySize()); ++id) {
        if (m_tokenizer->isEndOfGeneration(id)) found.push_back(id);
    }
    EXPECT_EQ(found, data["eog"].get<Ids>());
}

TEST_P(Agreement, DecodingGivesTheTextBack) {
    if (!keepsText()) GTEST_SKIP() << m_tokenizer->kind() << " normalises texts";
    const Representable representable(*m_tokenizer);
    const auto data = testData("tokens_" + GetParam() + ".json");
    for (const auto& entry : data["cases"]) {
        const std::string text = entry["text"];
        SCOPED_TRACE(entry["text"].dump());
        EXPECT_EQ(m_tokenizer->decode(entry["ids"].get<Ids>()), representable(text));
    }
}

TEST_P(Agreement, AnyBytesSurvive) {
    std::string bytes;
    std::uint32_t state = 1;
    for (int i = 0; i < 4000; ++i) {
        state = state * 1664525U + 1013904223U;
        bytes += static_cast<char>(state >> 24U);
    }
    if (!keepsText()) GTEST_SKIP() << m_tokenizer->kind() << " normalises texts";
    const Representable representable(*m_tokenizer);
    const bool spaced = m_tokenizer->addsSpacePrefix();
    const Ids ids = encoded(*m_tokenizer, bytes, {.addSpecial = false});
    EXPECT_TRUE(allBytes(*m_tokenizer, ids) == (spaced ? " " : "") + representable(bytes));
}

INSTANTIATE_TEST_SUITE_P(Real, Agreement,
                         testing::Values("stories260k", "kjv", "smollm2", "gemma3", "gpt2", "llama3", "llama4", "qwen",
                                         "tekken", "deepseek", "mistral", "rwkv"),
                         [](const auto& instance) { return instance.param; });
INSTANTIATE_TEST_SUITE_P(Small, Agreement,
                         testing::Values("bytes", "bert", "bert_cased", "t5", "t5_spaces", "gemma4", "rwkv_small"),
                         [](const auto& instance) { return instance.param; });

TEST(RealTokenizers, FactsOfStories260k) {
    const auto path = vocabularyFile("stories260k");
    if (!path) GTEST_SKIP() << absent("stories260k");
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(encoded(*tokenizer, "Once upon a time"), (Ids{1, 403, 407, 261, 378}));
    EXPECT_EQ(tokenizer->kind(), "llama");
    EXPECT_EQ(tokenizer->preTokenizer(), "");
    EXPECT_EQ(tokenizer->vocabularySize(), 512U);
    EXPECT_EQ(tokenizer->bos(), 1);
    EXPECT_TRUE(tokenizer->addsBos());
    EXPECT_TRUE(tokenizer->isEndOfGeneration(2));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(1));
    EXPECT_TRUE(tokenizer->warnings().empty());
}

TEST(RealTokenizers, FactsOfSmolLm2) {
    const auto path = vocabularyFile("smollm2");
    if (!path) GTEST_SKIP() << absent("smollm2");
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->kind(), "gpt2");
    EXPECT_EQ(tokenizer->preTokenizer(), "smollm");
    EXPECT_EQ(tokenizer->vocabularySize(), 49152U);
    EXPECT_EQ(tokenizer->bos(), 1);
    EXPECT_FALSE(tokenizer->addsBos());
    EXPECT_TRUE(tokenizer->isEndOfGeneration(0));  // <|endoftext|>
    EXPECT_TRUE(tokenizer->isEndOfGeneration(2));  // <|im_end|>
    EXPECT_FALSE(tokenizer->isEndOfGeneration(1));
    // Counted in the file's tokenizer.ggml.tokens with Python.
    EXPECT_EQ(
        Strings(tokenizer->warnings().begin(), tokenizer->warnings().end()),
        (Strings{"8 bytes have no token and are left out when text is encoded: 0x04 0x06 0x13 0x14 0x16 0x1D 0xF1 "
                 "0xF2."}));
    EXPECT_EQ(tokenizer->tokenBytes(2, true), "<|im_end|>");
    EXPECT_EQ(tokenizer->tokenBytes(2, false), "");
}

}  // namespace
}  // namespace kvscope::text
