// SPDX-License-Identifier: Apache-2.0
// Tokenizer metadata that contradicts itself: an Error that names the key and the value.
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::HasSubstr;

/// The keys of a small sound tokenizer; a test replaces or leaves out some.
struct Keys {
    std::string model = "gpt2";
    std::optional<Strings> tokens = Strings{"<unk>", "<s>", "</s>", "a", "b", "ab"};
    std::optional<std::vector<std::int32_t>> types = std::vector<std::int32_t>{2, 3, 3, 1, 1, 1};
    std::optional<std::vector<float>> scores = std::vector<float>{0, 0, 0, -1, -1, -1};
    std::optional<Strings> merges = Strings{"a b"};
    std::optional<std::uint32_t> bos;
    std::optional<bool> addBos;
};

gguf::Writer fileOf(const Keys& keys) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", keys.model);
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    if (keys.tokens) writer.addStringArray("tokenizer.ggml.tokens", *keys.tokens);
    if (keys.types) writer.addInt32Array("tokenizer.ggml.token_type", *keys.types);
    if (keys.scores) writer.addFloat32Array("tokenizer.ggml.scores", *keys.scores);
    if (keys.merges) writer.addStringArray("tokenizer.ggml.merges", *keys.merges);
    if (keys.bos) writer.addUint32("tokenizer.ggml.bos_token_id", *keys.bos);
    if (keys.addBos) writer.addBool("tokenizer.ggml.add_bos_token", *keys.addBos);
    return writer;
}

void expectError(const gguf::Writer& writer, const std::string& key, const std::string& message,
                 ErrorKind kind = ErrorKind::BadFile) {
    const auto tokenizer = tokenizerOf(writer);
    ASSERT_FALSE(tokenizer) << key;
    EXPECT_THAT(tokenizer.error().where, HasSubstr("test.gguf"));
    EXPECT_THAT(tokenizer.error().where, HasSubstr(key));
    EXPECT_THAT(tokenizer.error().message, HasSubstr(message));
    EXPECT_EQ(tokenizer.error().kind, kind);
}

TEST(Faults, TheSoundFilesAreSound) {
    EXPECT_TRUE(tokenizerOf(fileOf({})));
    EXPECT_TRUE(tokenizerOf(fileOf({.model = "llama"})));
}

TEST(Faults, MissingKeys) {
    expectError(gguf::Writer{}, "tokenizer.ggml.model", "missing");
    expectError(fileOf({.tokens = std::nullopt}), "tokenizer.ggml.tokens", "missing");
    expectError(fileOf({.merges = std::nullopt}), "tokenizer.ggml.merges", "missing");
}

TEST(Faults, UnsupportedKind) {
    for (const std::string name : {"plamo2", "none", "no_vocab", "hybriddna"}) {
        expectError(fileOf({.model = name}), "tokenizer.ggml.model",
                    "the tokenizer \"" + name + "\" is not supported; expected \"llama\", \"gpt2\", \"gemma4\"",
                    ErrorKind::Unsupported);
    }
}

TEST(Faults, Tokens) {
    expectError(fileOf({.tokens = Strings{}}), "tokenizer.ggml.tokens", "empty");
    expectError(fileOf({.tokens = Strings{"<unk>", "<s>", "</s>", "a", "b", "a"}}), "tokenizer.ggml.tokens",
                "tokens 3 and 5 are both \"a\"");
    EXPECT_TRUE(tokenizerOf(fileOf({.tokens = Strings{"", "", "", "a", "b", "ab"}})));
}

TEST(Faults, LengthsThatDoNotAgree) {
    expectError(fileOf({.types = std::vector<std::int32_t>{1, 1}}), "tokenizer.ggml.token_type",
                "there are 2 types for 6 tokens");
    expectError(fileOf({.model = "llama", .scores = std::vector<float>(7)}), "tokenizer.ggml.scores",
                "there are 7 scores for 6 tokens");
}

TEST(Faults, Merges) {
    expectError(fileOf({.merges = Strings{"a b", "ab"}}), "tokenizer.ggml.merges", "merge 1 \"ab\" is no pair");
    expectError(fileOf({.merges = Strings{""}}), "tokenizer.ggml.merges", "merge 0 \"\" is no pair");
    expectError(fileOf({.merges = Strings{"a z"}}), "tokenizer.ggml.merges", "merge 0 \"a z\" needs \"z\"");
    expectError(fileOf({.merges = Strings{"b a"}}), "tokenizer.ggml.merges", "merge 0 \"b a\" needs \"ba\"");
}

TEST(Faults, SpecialIds) {
    expectError(fileOf({.bos = 6}), "tokenizer.ggml.bos_token_id", "the id is 6, but the vocabulary has 6 tokens");
    expectError(fileOf({.bos = 4294967295U}), "tokenizer.ggml.bos_token_id", "the id is 4294967295");
    expectError(fileOf({.addBos = true}), "tokenizer.ggml.add_bos_token",
                "the value is true, but tokenizer.ggml.bos_token_id is missing");
    EXPECT_TRUE(tokenizerOf(fileOf({.bos = 5, .addBos = true})));
}

TEST(Faults, KeysOfTheWrongType) {
    gguf::Writer tokens;
    tokens.addString("tokenizer.ggml.model", "gpt2");
    tokens.addInt32Array("tokenizer.ggml.tokens", std::vector<std::int32_t>{1, 2});
    expectError(tokens, "tokenizer.ggml.tokens", "array of 2 i32");

    gguf::Writer model;
    model.addUint32("tokenizer.ggml.model", 3);
    expectError(model, "tokenizer.ggml.model", "u32");

    auto scores = fileOf({.model = "llama", .scores = std::nullopt});
    scores.addStringArray("tokenizer.ggml.scores", Strings(6, "x"));
    expectError(scores, "tokenizer.ggml.scores", "array of 6 string");

    auto types = fileOf({.types = std::nullopt});
    types.addStringArray("tokenizer.ggml.token_type", Strings(6, "x"));
    expectError(types, "tokenizer.ggml.token_type", "array of 6 string");

    auto eos = fileOf({});
    eos.addString("tokenizer.ggml.eos_token_id", "2");
    expectError(eos, "tokenizer.ggml.eos_token_id", "string");
}

TEST(Faults, TypesOutsideTheTableAreNoControls) {
    const auto tokenizer = soundTokenizer(fileOf({.types = std::vector<std::int32_t>{-1, 7, 99, 0, 1, 5}}));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->tokenBytes(3, false), "a");
    EXPECT_EQ(tokenizer->tokenBytes(5, false), "ab");
}

TEST(Faults, ATextThatIsTooLong) {
    const auto tokenizer = soundTokenizer(fileOf({}));
    ASSERT_NE(tokenizer, nullptr);
    const std::string_view huge{"x", (std::size_t{1} << 29U) + 1};  // refused by its size alone
    const auto ids = tokenizer->encode(huge, {});
    ASSERT_FALSE(ids);
    EXPECT_EQ(ids.error().kind, ErrorKind::BadUsage);
    EXPECT_THAT(ids.error().message, HasSubstr("536870913 bytes"));
}

}  // namespace
}  // namespace kvscope::text
