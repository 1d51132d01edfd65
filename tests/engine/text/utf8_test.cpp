// SPDX-License-Identifier: Apache-2.0
#include "engine/text/utf8.h"

#include <gtest/gtest.h>

#include "engine/text/byte_alphabet.h"

namespace kvscope::text {
namespace {

void expectPrefix(std::string_view text, Utf8State state, std::size_t bytes) {
    const auto prefix = utf8Prefix(text);
    EXPECT_EQ(prefix.state, state);
    EXPECT_EQ(prefix.bytes, bytes);
}

// Examples of the Unicode standard 15, tables 3-7 to 3-11.
TEST(Utf8, KnowsWholeCutAndBrokenCharacters) {
    expectPrefix("a", Utf8State::Whole, 1);
    expectPrefix("\u00e9x", Utf8State::Whole, 2);
    expectPrefix("\u20acx", Utf8State::Whole, 3);
    expectPrefix("\U0010FFFF", Utf8State::Whole, 4);
    expectPrefix("\xE2\x82", Utf8State::Cut, 2);
    expectPrefix("\xF0\x9F\x98", Utf8State::Cut, 3);
    expectPrefix("\x80", Utf8State::Broken, 1);
    expectPrefix("\xC0\xAF", Utf8State::Broken, 1);          // overlong
    expectPrefix("\xE0\x80\xBF", Utf8State::Broken, 1);      // overlong
    expectPrefix("\xED\xA0\x80", Utf8State::Broken, 1);      // surrogate
    expectPrefix("\xF4\x91\x92\x93", Utf8State::Broken, 1);  // above U+10FFFF
    expectPrefix("\xE1\x80\xE2", Utf8State::Broken, 2);
    expectPrefix("\xF0\x91\x92x", Utf8State::Broken, 3);
}

TEST(Utf8, CodePoints) {
    EXPECT_EQ(utf8CodePoint("a"), U'a');
    EXPECT_EQ(utf8CodePoint("\u00e9"), U'\u00e9');
    EXPECT_EQ(utf8CodePoint("\u20ac"), U'\u20ac');
    EXPECT_EQ(utf8CodePoint("\U0001F600"), U'\U0001F600');
}

// From the vocabulary of GPT-2: a space is written as U+0120, a line feed as U+010A, 0x7F as U+0121, 0xA0 as U+0142.
TEST(ByteAlphabet, StandInsAreThoseOfGpt2) {
    EXPECT_EQ(byteCharacter(' '), "\u0120");
    EXPECT_EQ(byteCharacter('\n'), "\u010a");
    EXPECT_EQ(byteCharacter(0x7F), "\u0121");
    EXPECT_EQ(byteCharacter(0xA0), "\u0142");
    EXPECT_EQ(byteCharacter(0xAD), "\u0143");
    EXPECT_EQ(byteCharacter('a'), "a");
    EXPECT_EQ(byteCharacter(0xE9), "\u00e9");
    for (unsigned byte = 0; byte < 256; ++byte) {
        const auto character = byteCharacter(static_cast<unsigned char>(byte));
        EXPECT_EQ(byteOfCharacter(utf8CodePoint(character)), byte);
    }
    EXPECT_EQ(byteOfCharacter(U' '), std::nullopt);
    EXPECT_EQ(byteOfCharacter(U'\u0144'), std::nullopt);
    EXPECT_EQ(byteOfCharacter(U'\u20ac'), std::nullopt);
    EXPECT_EQ(bytesOfCharacters("a\u0120\u20ac\xFF"), "a \u20ac\xFF");
}

}  // namespace
}  // namespace kvscope::text
