// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/quote.h"

#include <gtest/gtest.h>

namespace kvscope::gguf {
namespace {

TEST(Quote, KeepsTextAndEscapesTheRest) {
    EXPECT_EQ(quoteName("blk.0.attn_q.weight"), "blk.0.attn_q.weight");
    EXPECT_EQ(quoteName("Größe ▁日本 😀"), "Größe ▁日本 😀");
    EXPECT_EQ(quoteName(std::string_view("a\0b\n\x7F", 5)), "a\\x00b\\x0A\\x7F");
    EXPECT_EQ(quoteName("\x1B[31m"), "\\x1B[31m");
    EXPECT_EQ(quoteName("\xC2\x9B"), "\\xC2\\x9B");  // U+009B starts a terminal sequence as well
    EXPECT_EQ(quoteName("back\\slash"), "back\\\\slash");
    EXPECT_EQ(quoteName("\xFF\xC3"), "\\xFF\\xC3");
}

TEST(Quote, CutsLongTextBetweenCharacters) {
    EXPECT_EQ(quoteName("abcdef", 3), "abc...");
    EXPECT_EQ(quoteName("abc", 3), "abc");
    EXPECT_EQ(quoteName("aéé", 2), "aé...");
}

// Unicode 15, table 3-7: well-formed byte sequences.
TEST(Utf8, AcceptsOnlyWellFormedCharacters) {
    EXPECT_EQ(utf8CharacterBytes("a"), 1U);
    EXPECT_EQ(utf8CharacterBytes("\xC2\x80"), 2U);
    EXPECT_EQ(utf8CharacterBytes("\xE0\xA0\x80"), 3U);
    EXPECT_EQ(utf8CharacterBytes("\xF4\x8F\xBF\xBF"), 4U);
    for (const std::string_view bad :
         {"", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xE2\x82", "\xC3\x28", "\xF0\x9F\x98\x28"}) {
        EXPECT_EQ(utf8CharacterBytes(bad), 0U) << quoteName(bad);
    }
}

}  // namespace
}  // namespace kvscope::gguf
