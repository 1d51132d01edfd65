// SPDX-License-Identifier: Apache-2.0
// Texts of errors: data/errors.txt holds pairs of lines, a bad policy and what is said about it (indented).
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "engine/cache/policy/lexer.h"
#include "engine/cache/policy/messages.h"
#include "engine/cache/policy/policy.h"

namespace kvscope::cache {
namespace {

TEST(PolicyErrors, AreTheRecordedSentences) {
    std::ifstream file(KVSCOPE_SOURCE_DIR "/tests/engine/cache/policy/data/errors.txt");
    ASSERT_TRUE(file);
    std::string text;
    std::string expected;
    int cases = 0;
    while (std::getline(file, text) && std::getline(file, expected)) {
        ASSERT_TRUE(expected.starts_with("    ")) << expected;
        const auto policy = CachePolicy::parse(text);
        ASSERT_FALSE(policy) << text;
        EXPECT_EQ(policy.error().text(), expected.substr(4)) << "for: " << text;
        EXPECT_EQ(policy.error().kind, ErrorKind::BadPolicy);
        ++cases;
    }
    EXPECT_GE(cases, 60);
}

TEST(PolicyErrors, LongTextsAreRefused) {
    const std::string clause = "keep=window(8)";
    EXPECT_TRUE(CachePolicy::parse(clause + std::string(kMaxPolicyLength - clause.size(), ' ')));
    const auto tooLong = CachePolicy::parse(clause + std::string(kMaxPolicyLength - clause.size() + 1, ' '));
    ASSERT_FALSE(tooLong);
    EXPECT_EQ(tooLong.error().text(), "policy: the text has 2049 bytes, at most 2048 are read");
}

TEST(PolicyErrors, ControlBytesAndLongTokensAreMadeHarmless) {
    EXPECT_EQ(quoteToken("a\x1b[31m\n"), "'a\\x1b[31m\\x0a'");
    EXPECT_EQ(quoteToken(std::string(50, 'x')), "'" + std::string(40, 'x') + "...'");
    const auto nul = CachePolicy::parse(std::string_view("keep=\0window", 12));
    ASSERT_FALSE(nul);
    EXPECT_EQ(nul.error().text(), "policy: '\\x00' (column 6): this character has no place in a policy");
}

TEST(PolicyErrors, EditDistance) {
    EXPECT_EQ(editDistance("kitten", "sitting"), 3U);
    EXPECT_EQ(editDistance("", "abc"), 3U);
    EXPECT_EQ(editDistance("Window", "window"), 0U);
    EXPECT_EQ(editDistance("sinsk", "sinks"), 2U);
    EXPECT_EQ(nearest("windw", std::array<std::string_view, 2>{"sinks", "window"}), "window");
    EXPECT_EQ(nearest("zzz", std::array<std::string_view, 2>{"sinks", "window"}), "");
}

}  // namespace
}  // namespace kvscope::cache
