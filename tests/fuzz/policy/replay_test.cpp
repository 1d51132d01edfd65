// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kvscope {
namespace {

void feed(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// The corpus, a text a line, and the recorded bad policies.
std::vector<std::string> seeds() {
    std::vector<std::string> lines;
    for (const char* path : {"/tests/fuzz/policy/corpus/policies.txt", "/tests/engine/cache/policy/data/errors.txt"}) {
        std::ifstream file(std::string(KVSCOPE_SOURCE_DIR) + path);
        EXPECT_TRUE(file) << path;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
    }
    return lines;
}

TEST(PolicyFuzz, Corpus) {
    for (const std::string& seed : seeds()) {
        feed(seed);
        for (std::size_t length = 0; length < seed.size(); ++length) feed(seed.substr(0, length));
    }
}

TEST(PolicyFuzz, RandomBytes) {
    Rng rng(1);
    for (int round = 0; round < 20000; ++round) {
        std::string text(rng.below(80), '\0');
        for (char& c : text) c = static_cast<char>(rng.below(256));
        feed(text);
    }
}

TEST(PolicyFuzz, RandomTokens) {
    const std::vector<std::string> tokens = {"share",
                                             "encode",
                                             "keep",
                                             "read",
                                             "positions",
                                             "original",
                                             "exact",
                                             "k",
                                             "v",
                                             "latent",
                                             "index",
                                             "f16",
                                             "f32",
                                             "q8_0",
                                             "sinks",
                                             "window",
                                             "snapkv",
                                             "ada",
                                             "streaming_llm",
                                             "all",
                                             "n",
                                             "0",
                                             "1",
                                             "4",
                                             "0.5",
                                             "99999999",
                                             "=",
                                             "=",
                                             "=",
                                             "+",
                                             "+",
                                             "(",
                                             ")",
                                             "(",
                                             ")",
                                             ",",
                                             ":",
                                             "@",
                                             "/",
                                             "~",
                                             " ",
                                             " "};
    Rng rng(2);
    for (int round = 0; round < 50000; ++round) {
        std::string text = round % 2 == 0 ? "keep=" : "encode=k:";
        for (std::uint64_t n = rng.below(14); n > 0; --n) text += tokens[rng.below(tokens.size())];
        feed(text);
    }
}

TEST(PolicyFuzz, Mutations) {
    const auto corpus = seeds();
    Rng rng(3);
    for (int round = 0; round < 50000; ++round) {
        std::string text = corpus[rng.below(corpus.size())];
        for (std::uint64_t n = rng.below(4) + 1; n > 0 && !text.empty(); --n) {
            const std::size_t at = rng.below(text.size());
            switch (rng.below(4)) {
                case 0:
                    text[at] = static_cast<char>(rng.below(256));
                    break;
                case 1:
                    text.erase(at, rng.below(8));
                    break;
                case 2:
                    text.insert(at, text.substr(rng.below(text.size()), rng.below(12)));
                    break;
                default:
                    text.insert(at, 1, "=+(),:@/~ 09az_-."[rng.below(17)]);
            }
        }
        feed(text);
    }
}

TEST(PolicyFuzz, DeepAndLong) {
    for (const char* piece : {"(", "keep=window(", "+window", ",v:q8_0", "@ada", " ", "9", "keep=window "}) {
        std::string text = "keep=window";
        while (text.size() < 5000) text += piece;
        feed(text);
        feed(text.substr(0, 2048));
    }
}

}  // namespace
}  // namespace kvscope
