// SPDX-License-Identifier: Apache-2.0
// Encoding grows with n log n: the limits are wide, a quadratic algorithm misses them by far.
#include <ctime>
#include <set>

#include "engine/base/rng.h"
#include "engine/text/pre_tokenizer_table.h"
#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kSlower = 10;
#else
constexpr double kSlower = 1;
#endif

double secondsToEncode(const Tokenizer& tokenizer, std::string_view text) {
    const std::clock_t begin = std::clock();  // of this process, so that a busy machine does not matter
    const Ids ids = encoded(tokenizer, text, {.addSpecial = false});
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (tokenizer.kind() != "bert" && tokenizer.kind() != "t5") {  // those drop white space
        EXPECT_GT(ids.size(), 0U);
        const Representable representable(tokenizer);
        const std::string expected = (tokenizer.addsSpacePrefix() ? " " : "") + representable(std::string(text));
        EXPECT_TRUE(allBytes(tokenizer, ids) == expected);
    }
    return seconds;
}

std::string sampleText(std::size_t bytes) {
    std::string all;
    const auto data = testData("tokens_kjv.json");
    for (const auto& entry : data["cases"]) all += entry["text"].get<std::string>() + "\n";
    std::string text;
    while (text.size() < bytes) text += all;
    return text;
}

std::string randomWord(std::size_t bytes) {
    Rng rng(7);
    std::string word;
    for (std::size_t i = 0; i < bytes; ++i) word += static_cast<char>('a' + rng.below(26));
    return word;
}

class Speed : public testing::TestWithParam<std::string> {};

TEST_P(Speed, AMegabyteAndLongWords) {
    const auto path = vocabularyFile(GetParam());
    if (!path) GTEST_SKIP() << absent(GetParam());
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    const struct {
        const char* what;
        std::string text;
        double limit;
    } cases[] = {
        {"text", sampleText(1U << 20U), 2},           {"word", randomWord(200000), 1},
        {"same_letter", std::string(200000, 'a'), 1}, {"spaces", std::string(200000, ' ') + "x", 1},
        {"line_ends", std::string(200000, '\n'), 1},  {"broken", std::string(200000, '\xC3'), 1},
    };
    for (const auto& entry : cases) {
        const double seconds = secondsToEncode(*tokenizer, entry.text);
        RecordProperty(entry.what, std::to_string(seconds));
        EXPECT_LT(seconds, entry.limit * kSlower) << entry.what;
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Speed,
                         testing::Values("stories260k", "kjv", "smollm2", "gemma3", "llama3", "llama4", "deepseek",
                                         "rwkv", "bert", "t5", "gemma4", "rwkv_small"),
                         [](const auto& instance) { return instance.param; });

TEST(Speed, EveryPreTokenizerIsLinear) {
    std::set<const void*> seen;
    for (const auto& rule : preTokenizerRules()) {
        const std::string name(rule.names.substr(0, rule.names.find(' ')));
        if (name == "gemma4") continue;  // no byte-level tokenizer
        if (!seen.insert(rule.stages.data()).second) continue;
        const auto tokenizer =
            soundTokenizer(bpeFile(name, {"a a", "aa aa", "\u0120 \u0120", "\u0120\u0120 \u0120\u0120"}));
        ASSERT_NE(tokenizer, nullptr);
        for (const char letter : {'a', 'A', ' ', '\n', '1', '\'', '$'}) {
            const std::string text = std::string(60000, letter) + "x";
            EXPECT_LT(secondsToEncode(*tokenizer, text), 0.4 * kSlower) << name << " " << static_cast<int>(letter);
        }
    }
}

}  // namespace
}  // namespace kvscope::text
