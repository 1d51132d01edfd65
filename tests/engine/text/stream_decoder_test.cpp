// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;

std::unique_ptr<Tokenizer> bytesOnly() {
    return soundTokenizer(bpeFile("gpt-2", {}, {"<s>"}));
}

/// What each byte makes visible, and what finish() adds.
Strings streamed(const Tokenizer& tokenizer, std::string_view bytes) {
    StreamDecoder decoder(tokenizer);
    Strings parts;
    for (const char byte : bytes) parts.push_back(decoder.push(static_cast<unsigned char>(byte)));
    parts.push_back(decoder.finish());
    return parts;
}

TEST(StreamDecoder, HoldsBackHalfACharacter) {
    const auto tokenizer = bytesOnly();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(streamed(*tokenizer, "a\U0001F600b"), ElementsAre("a", "", "", "", "\U0001F600", "b", ""));
    EXPECT_THAT(streamed(*tokenizer, "\u00e9"), ElementsAre("", "\u00e9", ""));
}

// The replacements are those of Python's bytes.decode("utf-8", "replace").
TEST(StreamDecoder, BytesThatAreNoUtf8BecomeReplacements) {
    const auto tokenizer = bytesOnly();
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(streamed(*tokenizer, "a\xFF"), ElementsAre("a", "\uFFFD", ""));
    EXPECT_THAT(streamed(*tokenizer, "\xF0\x9F\x98z"), ElementsAre("", "", "", "\uFFFDz", ""));
    EXPECT_THAT(streamed(*tokenizer, "\xF0\x9F\x98"), ElementsAre("", "", "", "\uFFFD"));
    EXPECT_THAT(streamed(*tokenizer, "\xED\xA0\x80"), ElementsAre("", "\uFFFD\uFFFD", "\uFFFD", ""));
    EXPECT_EQ(tokenizer->decode(Ids{0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 'A'}),
              "\uFFFD\uFFFD\uFFFD\uFFFD"
              "A");
}

TEST(StreamDecoder, ControlTokensDoNotCutACharacter) {
    const auto tokenizer = bytesOnly();
    ASSERT_NE(tokenizer, nullptr);
    StreamDecoder decoder(*tokenizer);
    EXPECT_EQ(decoder.push(0xC3), "");
    EXPECT_EQ(decoder.push(256), "");
    EXPECT_EQ(decoder.push(0xA9), "\u00e9");
    EXPECT_EQ(decoder.finish(), "");
    EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, TakesOffOnlyTheSpaceThatWasAdded) {
    const auto path = vocabularyFile("stories260k");
    if (!path) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    const Ids ids{1, 403, 407, 261, 378};
    StreamDecoder decoder(*tokenizer);
    Strings parts;
    for (const TokenId id : ids) parts.push_back(decoder.push(id));
    EXPECT_THAT(parts, ElementsAre("", "Once", " upon", " a", " time"));
    StreamDecoder continuation(*tokenizer, StreamStart::Continuation);
    EXPECT_EQ(continuation.push(407), " upon");
    EXPECT_EQ(tokenizer->decode(encoded(*tokenizer, "  two spaces")), "  two spaces");
}

TEST(StreamDecoder, StreamsEqualDecodeOnRealTexts) {
    for (const auto* name : {"stories260k", "kjv", "smollm2"}) {
        const auto path = vocabularyFile(name);
        if (!path) continue;
        const auto tokenizer = openTokenizer(*path);
        ASSERT_NE(tokenizer, nullptr);
        const auto data = testData(std::string("tokens_") + name + ".json");
        for (const auto& entry : data["cases"]) {
            const Ids ids = entry["ids"];
            StreamDecoder decoder(*tokenizer);
            std::string text;
            for (const TokenId id : ids) {
                const std::string part = decoder.push(id);
                EXPECT_NO_THROW((void)nlohmann::json(part).dump()) << "not UTF-8";
                text += part;
            }
            EXPECT_EQ(text + decoder.finish(), tokenizer->decode(ids));
        }
    }
}

}  // namespace
}  // namespace kvscope::text
