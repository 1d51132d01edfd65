// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/gguf/writer.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/tokenizer.h"
#include "tests/support/shared_files.h"

namespace kvscope::text {

using Ids = std::vector<TokenId>;
using Strings = std::vector<std::string>;

inline nlohmann::json testData(const std::string& name) {
    std::ifstream in(std::filesystem::path(TEXT_TEST_DATA) / name);
    return nlohmann::json::parse(in);
}

/// The file of a vocabulary: a small one beside the tests, a bundled model of the shared folder, or a real one in the
/// folder of models (scripts/fetch-models and real_vocabularies.py fill it); nothing when it is absent.
inline std::optional<std::filesystem::path> vocabularyFile(const std::string& name) {
    const auto small = std::filesystem::path(TEXT_TEST_DATA) / ("vocab_" + name + ".gguf");
    std::error_code error;
    if (std::filesystem::exists(small, error)) return small;
    if (name == "stories260k") return test::sharedFile("models/stories260K-f32.gguf");
    if (name == "kjv") return test::sharedFile("models/kjv-gqa-q8_0.gguf");
    if (name == "smollm2") return test::modelFile("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (name == "gemma3") return test::modelFile("gemma-3-270m-q4_k_m.gguf");
    return test::modelFile("vocab-" + name + ".gguf");
}

inline std::string absent(const std::string& name) {
    return "the file of the vocabulary " + name + " is absent (KVSCOPE_SHARED, KVSCOPE_MODELS)";
}

inline std::unique_ptr<Tokenizer> openTokenizer(const std::filesystem::path& path) {
    const auto file = gguf::File::open(path);
    if (!file) {
        ADD_FAILURE() << file.error().text();
        return nullptr;
    }
    auto tokenizer = makeTokenizer(*file);
    if (!tokenizer) {
        ADD_FAILURE() << tokenizer.error().text();
        return nullptr;
    }
    return std::move(*tokenizer);
}

inline Result<std::unique_ptr<Tokenizer>> tokenizerOf(const gguf::Writer& writer) {
    const auto file = gguf::File::fromBytes(writer.bytes(), "test.gguf");
    if (!file) return forward(file);
    return makeTokenizer(*file);
}

inline std::unique_ptr<Tokenizer> soundTokenizer(const gguf::Writer& writer) {
    auto tokenizer = tokenizerOf(writer);
    if (!tokenizer) {
        ADD_FAILURE() << tokenizer.error().text();
        return nullptr;
    }
    return std::move(*tokenizer);
}

/// The tokens of all 256 bytes in order of the bytes: a byte's id is the byte.
inline Strings byteTokens() {
    Strings tokens;
    for (unsigned byte = 0; byte < 256; ++byte) tokens.emplace_back(byteCharacter(static_cast<unsigned char>(byte)));
    return tokens;
}

/// A gpt2 tokenizer with the 256 byte tokens and what `merges` give, in their order from id 256; then `controls`.
inline gguf::Writer bpeFile(const std::string& preTokenizer, const Strings& merges, const Strings& controls = {}) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", preTokenizer);
    Strings tokens = byteTokens();
    for (const auto& merge : merges) {
        std::string joined = merge;
        tokens.push_back(joined.erase(joined.find(' ', 1), 1));
    }
    std::vector<std::int32_t> types(tokens.size(), 1);
    for (const auto& control : controls) {
        tokens.push_back(control);
        types.push_back(3);
    }
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addInt32Array("tokenizer.ggml.token_type", types);
    writer.addStringArray("tokenizer.ggml.merges", merges);
    return writer;
}

inline Ids encoded(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
    auto ids = tokenizer.encode(text, options);
    if (!ids) {
        ADD_FAILURE() << ids.error().text();
        return {};
    }
    return std::move(*ids);
}

/// What a tokenizer can give back of a text: without the bytes that have no token (SmolLM2's vocabulary lacks some that
/// hardly occur), and with spaces for U+2581 where that is how spaces are written.
class Representable {
  public:
    explicit Representable(const Tokenizer& tokenizer)
        : m_marksSpaces(tokenizer.kind() == "llama" || tokenizer.kind() == "gemma4") {
        for (TokenId id = 0; id < static_cast<TokenId>(tokenizer.vocabularySize()); ++id) {
            const std::string bytes = tokenizer.tokenBytes(id, false);
            if (bytes.size() == 1) m_has[static_cast<unsigned char>(bytes[0])] = true;
        }
    }
    std::string operator()(std::string text) const {
        constexpr std::string_view kMark = "\u2581";
        for (std::size_t at = 0; m_marksSpaces && (at = text.find(kMark, at)) != std::string::npos;) {
            text.replace(at, kMark.size(), " ");
        }
        std::erase_if(text, [this](char byte) { return !m_has[static_cast<unsigned char>(byte)]; });
        return text;
    }

  private:
    std::array<bool, 256> m_has{};
    bool m_marksSpaces;
};

/// The bytes of all tokens, controls shown.
inline std::string allBytes(const Tokenizer& tokenizer, const Ids& ids) {
    std::string bytes;
    for (const TokenId id : ids) bytes += tokenizer.tokenBytes(id, true);
    return bytes;
}

}  // namespace kvscope::text
