// SPDX-License-Identifier: Apache-2.0
// Every name of a pre-tokenizer against llama.cpp (data/pre_names.json, made by make_pre_names.py).
#include <set>
#include <sstream>

#include "engine/text/pre_tokenizer_table.h"
#include "tests/engine/text/support.h"

namespace kvscope::text {
namespace {

/// FNV-1a, 32 bits, of the ids as decimal numbers with a comma behind each.
std::string hashOf(const Ids& ids) {
    std::uint32_t value = 0x811C9DC5U;
    for (const TokenId id : ids) {
        for (const char byte : fmt::format("{},", id)) value = (value ^ static_cast<unsigned char>(byte)) * 0x01000193U;
    }
    return fmt::format("{:08x}", value);
}

/// data/vocab_bytes.gguf, whose merges cross every border between words, under another pre-tokenizer.
std::unique_ptr<Tokenizer> tokenizerWithRule(const gguf::File& file, const std::string& name) {
    const auto tokens = file.readStringArray("tokenizer.ggml.tokens");
    const auto merges = file.readStringArray("tokenizer.ggml.merges");
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", name);
    writer.addStringArray("tokenizer.ggml.tokens", **tokens);
    writer.addStringArray("tokenizer.ggml.merges", **merges);
    writer.addUint32("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>((*tokens)->size() - 2));
    return soundTokenizer(writer);
}

TEST(PreNames, SplitAsInLlamaCpp) {
    const auto data = testData("pre_names.json");
    const auto texts = data["texts"].get<Strings>();
    const auto file = gguf::File::open(std::filesystem::path(TEXT_TEST_DATA) / "vocab_bytes.gguf");
    ASSERT_TRUE(file) << file.error().text();
    for (const auto& entry : data["names"]) {
        const std::string name = entry["name"];
        SCOPED_TRACE(name);
        const auto tokenizer = tokenizerWithRule(*file, name);
        ASSERT_NE(tokenizer, nullptr);
        EXPECT_EQ(tokenizer->addsBos(), entry["bos"].get<bool>());
        EXPECT_EQ(tokenizer->cleansSpaces(), entry["cleans"].get<bool>());
        const auto hashes = entry["hashes"].get<Strings>();
        ASSERT_EQ(hashes.size(), texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (hashes[i].empty()) continue;
            EXPECT_EQ(hashOf(encoded(*tokenizer, texts[i], {.addSpecial = false})), hashes[i])
                << nlohmann::json(texts[i]).dump();
        }
    }
}

TEST(PreNames, AllOfThemAreThere) {
    std::set<std::string> known;
    const auto data = testData("pre_names.json");
    for (const auto& entry : data["names"]) known.insert(entry["name"].get<std::string>());
    for (const auto& rule : preTokenizerRules()) {
        std::istringstream names{std::string(rule.names)};
        for (std::string name; names >> name;) EXPECT_TRUE(known.contains(name) || name == "gemma4") << name;
    }
}

}  // namespace
}  // namespace kvscope::text
