// SPDX-License-Identifier: Apache-2.0
#include "engine/text/pre_tokenizer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "engine/text/pre_tokenizer_table.h"
#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string_view>;

Words wordsOf(const PreTokenizer& words, std::string_view text) {
    Words pieces;
    const auto done = words.split(text, pieces);
    EXPECT_TRUE(done) << done.error().text();
    return pieces;
}

Result<PreTokenizer> compileRule(std::string_view name) {
    const auto* rule = findPreTokenizerRule(name);
    if (rule == nullptr) return fail(ErrorKind::Internal, std::string(name), "there is no such rule");
    return PreTokenizer::compile(std::string(name), rule->stages);
}

// data/splits.json is made by make_splits.py with the expressions published with the models.
TEST(PreTokenizer, SplitsAsTheRegexPackageDoes) {
    const auto data = testData("splits.json");
    const auto texts = data["texts"].get<Strings>();
    std::set<std::string> rules;
    for (const auto& entry : data["splits"]) {
        const std::string name = entry["rule"];
        const std::string& text = texts.at(entry["text"].get<std::size_t>());
        SCOPED_TRACE(name + " " + nlohmann::json(text).dump());
        rules.insert(name);
        const auto words = compileRule(name);
        ASSERT_TRUE(words) << words.error().text();
        std::vector<std::size_t> lengths;
        for (const auto word : wordsOf(*words, text)) lengths.push_back(word.size());
        EXPECT_EQ(lengths, entry["bytes"].get<std::vector<std::size_t>>());
    }
    // Every list of stages is there, under one of its names.
    for (const auto& rule : preTokenizerRules()) {
        EXPECT_TRUE(std::ranges::any_of(rules, [&](const std::string& name) {
            return std::ranges::equal(findPreTokenizerRule(name)->stages, rule.stages);
        })) << rule.names;
    }
}

TEST(PreTokenizer, EveryRuleCompilesAndEveryNameIsUnique) {
    std::set<std::string> names;
    for (const auto& rule : preTokenizerRules()) {
        std::istringstream all{std::string(rule.names)};
        for (std::string name; all >> name;) {
            EXPECT_TRUE(names.insert(name).second) << name;
            EXPECT_EQ(findPreTokenizerRule(name), &rule);
        }
        EXPECT_TRUE(PreTokenizer::compile("x", rule.stages));
    }
    for (const auto* name : {"llama3", "starcoder", "deepseek-r1-qwen", "phi-2", "glm4"})
        EXPECT_TRUE(names.contains(name));
    EXPECT_EQ(findPreTokenizerRule("llama"), nullptr);
    EXPECT_EQ(findPreTokenizerRule(""), nullptr);
    EXPECT_EQ(findPreTokenizerRule("llama-bpe llama3"), nullptr);
}

TEST(PreTokenizer, BytesThatAreNoUtf8StandAlone) {
    const auto words = compileRule("gpt-2");
    ASSERT_TRUE(words);
    EXPECT_EQ(wordsOf(*words, "ab\xFF\xFE c\xC3"), (Words{"ab", "\xFF\xFE", " c", "\xC3"}));
    EXPECT_EQ(wordsOf(*words, "\x80"), (Words{"\x80"}));
    EXPECT_EQ(wordsOf(*words, ""), Words{});
}

TEST(PreTokenizer, AnExpressionThatNeedsTooMuchIsAnError) {
    constexpr std::array<std::string_view, 1> kExplosive{"(?:(?:a|aa)+)+b"};
    const auto words = PreTokenizer::compile("explosive", kExplosive);
    ASSERT_TRUE(words);
    Words pieces;
    const auto done = words->split(std::string(200, 'a') + "cb", pieces);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().where, "pre-tokenizer explosive");
    EXPECT_THAT(done.error().message, HasSubstr("stopped at byte 0: match limit exceeded"));
}

TEST(PreTokenizer, ABadExpressionIsAnError) {
    constexpr std::array<std::string_view, 1> kBroken{"(a"};
    const auto words = PreTokenizer::compile("broken", kBroken);
    ASSERT_FALSE(words);
    EXPECT_THAT(words.error().message, HasSubstr("missing closing parenthesis"));
}

TEST(PreTokenizer, AnEmptyMatchSplitsNothing) {
    constexpr std::array<std::string_view, 1> kEmpty{"b*"};
    const auto words = PreTokenizer::compile("empty", kEmpty);
    ASSERT_TRUE(words);
    EXPECT_EQ(wordsOf(*words, "bba"), (Words{"bb", "a"}));
}

}  // namespace
}  // namespace kvscope::text
