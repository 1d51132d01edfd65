// SPDX-License-Identifier: Apache-2.0
// What tokens mean beside their text: ends of generation, stripping of white space, suppressed tokens, clean-up of
// spaces. Expected values are those of llama.cpp (llama_vocabulary.py).
#include <gmock/gmock.h>

#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Special {
    std::string text;
    std::int32_t type;
};

/// The 256 byte tokens, then `special` from id 256.
gguf::Writer fileWith(const std::vector<Special>& special, const std::string& modelName = "x") {
    gguf::Writer writer;
    writer.addString("general.name", modelName);
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    Strings tokens = byteTokens();
    std::vector<std::int32_t> types(tokens.size(), 1);
    for (const auto& token : special) {
        tokens.push_back(token.text);
        types.push_back(token.type);
    }
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addInt32Array("tokenizer.ggml.token_type", types);
    writer.addStringArray("tokenizer.ggml.merges", Strings{});
    return writer;
}

Ids parsed(const Tokenizer& tokenizer, std::string_view text) {
    return encoded(tokenizer, text, {.addSpecial = false, .parseSpecial = true});
}

// 256 <s>, 257 </s>, 258 <unk>, 259 <|endoftext|>, 260 <|user|>, 261 <|end|>, 262 [MASK]
const std::vector<Special> kPhi{{"<s>", 3},      {"</s>", 3},    {"<unk>", 2}, {"<|endoftext|>", 3},
                                {"<|user|>", 3}, {"<|end|>", 3}, {"[MASK]", 4}};

TEST(Roles, SpecialTokensOfPhi3TakeTheSpaceBehindThem) {
    const auto phi = soundTokenizer(fileWith(kPhi, "Phi-3-mini"));
    const auto other = soundTokenizer(fileWith(kPhi));
    ASSERT_TRUE(phi && other);
    EXPECT_THAT(parsed(*phi, "<|user|> \n a <|end|>\t b"), ElementsAre(260, 'a', ' ', 261, 'b'));
    EXPECT_THAT(parsed(*phi, "<s> a</s>  b <|endoftext|> c"), ElementsAre(256, ' ', 'a', 257, 'b', ' ', 259, ' ', 'c'));
    EXPECT_THAT(parsed(*phi, "a \n [MASK] b"), ElementsAre('a', ' ', '\n', ' ', 262, 'b'));
    EXPECT_THAT(parsed(*other, "<|user|> \n a <|end|>\t b"),
                ElementsAre(260, ' ', '\n', ' ', 'a', ' ', 261, '\t', ' ', 'b'));
}

TEST(Roles, TheMaskOfModernBertTakesTheSpaceBeforeIt) {
    const auto tokenizer = soundTokenizer(fileWith(kPhi, "Modern-BERT-base"));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(parsed(*tokenizer, "a \n [MASK] b"), ElementsAre('a', 262, ' ', 'b'));
}

TEST(Roles, EndOfMessageIsNoEndWhereACallEndsTheTurn) {
    const auto harmony = soundTokenizer(fileWith({{"<|end|>", 3}, {"<|return|>", 3}, {"<|call|>", 3}}));
    const auto phi = soundTokenizer(fileWith({{"<|end|>", 3}, {"<|return|>", 3}}));
    ASSERT_TRUE(harmony && phi);
    EXPECT_FALSE(harmony->isEndOfGeneration(256));
    EXPECT_TRUE(harmony->isEndOfGeneration(257));
    EXPECT_TRUE(harmony->isEndOfGeneration(258));
    EXPECT_EQ(harmony->tokenBytes(256, false), "<|end|>");
    EXPECT_TRUE(phi->isEndOfGeneration(256));
}

TEST(Roles, MarkupOfGemma4IsNoEnd) {
    const auto tokenizer = soundTokenizer(fileWith({{"</s>", 1}, {"<|tool_response>", 3}, {"<turn|>", 3}}));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_FALSE(tokenizer->isEndOfGeneration(256));
    EXPECT_TRUE(tokenizer->isEndOfGeneration(257));
    EXPECT_TRUE(tokenizer->isEndOfGeneration(258));
    EXPECT_EQ(tokenizer->tokenBytes(256, false), "</s>");
}

TEST(Roles, FillTokensEndAGeneration) {
    auto named = fileWith({{"<hole>", 3}, {"<|fim_pad|>", 3}, {"<|file_sep|>", 3}, {"<|fim_middle|>", 3}});
    named.addUint32("tokenizer.ggml.fim_pad_token_id", 256);
    const auto tokenizer = soundTokenizer(named);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_TRUE(tokenizer->isEndOfGeneration(256));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(257));  // the key names another
    EXPECT_TRUE(tokenizer->isEndOfGeneration(258));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(259));
}

TEST(Roles, EotAndEomEndAGeneration) {
    auto writer = fileWith({{"<a>", 3}, {"<b>", 3}, {"<c>", 3}});
    writer.addUint32("tokenizer.ggml.eos_token_id", 256);
    writer.addUint32("tokenizer.ggml.eot_token_id", 257);
    writer.addUint32("tokenizer.ggml.eom_token_id", 258);
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    for (const TokenId id : {256, 257, 258}) EXPECT_TRUE(tokenizer->isEndOfGeneration(id)) << id;
    EXPECT_EQ(tokenizer->eos(), 256);
    EXPECT_EQ(tokenizer->bos(), std::nullopt);
}

TEST(Roles, SuppressedTokensAreThoseOfTheVocabulary) {
    auto writer = fileWith({});
    writer.addInt32Array("tokenizer.ggml.suppress_tokens", std::vector<std::int32_t>{7, -1, 255, 256});
    const auto tokenizer = soundTokenizer(writer);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_THAT(tokenizer->suppressedTokens(), ElementsAre(7, 255));
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0], HasSubstr("2 of the 4 ids in tokenizer.ggml.suppress_tokens"));
}

TEST(Roles, Gemma4BeginsWithBosWhateverTheFileSays) {
    const auto path = vocabularyFile("gemma4");  // its add_bos_token is false
    ASSERT_TRUE(path);
    const auto tokenizer = openTokenizer(*path);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_TRUE(tokenizer->addsBos());
    EXPECT_EQ(tokenizer->kind(), "gemma4");
    EXPECT_EQ(tokenizer->preTokenizer(), "gemma4");
    ASSERT_EQ(tokenizer->warnings().size(), 1U);
    EXPECT_THAT(tokenizer->warnings()[0], HasSubstr("tokenizer.ggml.add_bos_token is false"));
    EXPECT_EQ(tokenizer->tokenBytes(5, false), "<|channel>");  // user-defined, so it stays visible
}

TEST(CleanSpaces, AsLlamaCppDoes) {
    EXPECT_EQ(cleanSpaces("Hello , world !"), "Hello, world!");
    EXPECT_EQ(cleanSpaces(" . x"), ". x");
    EXPECT_EQ(cleanSpaces("a  .b"), "a .b");
    EXPECT_EQ(cleanSpaces("it 's I 'm you 're they 've he 'd we 'll don 't"),
              "it's I'm you're they've he 'd we 'll don 't");
    EXPECT_EQ(cleanSpaces("x ' y ' z"), "x'y'z");
    EXPECT_EQ(cleanSpaces("a ' ' b"), "a'' b");
    EXPECT_EQ(cleanSpaces(" ' "), "'");
    EXPECT_EQ(cleanSpaces(" 's"), "'s");
    EXPECT_EQ(cleanSpaces("what ? no ; yes : ok"), "what? no ; yes : ok");
    EXPECT_EQ(cleanSpaces("rock ' n ' roll ."), "rock'n'roll.");
    EXPECT_EQ(cleanSpaces(" ?!., a , . b"), "?!., a,. b");
    EXPECT_EQ(cleanSpaces(""), "");
}

}  // namespace
}  // namespace kvscope::text
