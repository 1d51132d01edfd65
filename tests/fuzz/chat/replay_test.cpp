// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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

std::vector<std::string> seeds() {
    std::ifstream file(std::string(KVSCOPE_SOURCE_DIR) + "/tests/fuzz/chat/corpus/templates.txt");
    EXPECT_TRUE(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

TEST(ChatFuzz, CorpusAndItsBeginnings) {
    for (const std::string& seed : seeds()) {
        for (std::size_t length = 0; length <= seed.size(); ++length) feed(seed.substr(0, length));
    }
}

TEST(ChatFuzz, RandomTokens) {
    const std::vector<std::string> tokens = {
        "{{ ",      " }}",      "{% ",         " %}",      "{%- ",   " -%}",
        "{# ",      " #}",      "if",          "else",     "elif",   "endif",
        "for",      "in",       "endfor",      "set",      "endset", "macro",
        "endmacro", "messages", "x",           "loop",     ".",      "|",
        "(",        ")",        "[",           "]",        "{",      "}",
        ":",        ",",        "'a'",         "1",        "-1",     "9223372036854775807",
        "2.5",      "+",        "*",           "//",       "%",      "**",
        "~",        "==",       "<",           "not",      "and",    "or",
        "is",       "defined",  "map",         "tojson",   "split",  "replace",
        "join",     "=",        "namespace()", "range(9)", "break",  "continue",
        "role",     " ",        " ",           "\n"};
    Rng rng(2);
    for (int round = 0; round < 20000; ++round) {
        std::string text = round % 2 == 0 ? "{{ " : "{% for x in messages %}{{ ";
        for (std::uint64_t n = rng.below(16); n > 0; --n) text += tokens[rng.below(tokens.size())] + " ";
        feed(text);
        feed(text + (round % 2 == 0 ? " }}" : " }}{% endfor %}"));
    }
}

TEST(ChatFuzz, Mutations) {
    const auto corpus = seeds();
    Rng rng(3);
    for (int round = 0; round < 20000; ++round) {
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
                    text.insert(at, text.substr(rng.below(text.size()), rng.below(24)));
                    break;
                default:
                    text.insert(at, 1, "{}%#|()[]'\"\\.,:+-*~09az_\n"[rng.below(26)]);
            }
        }
        feed(text);
    }
}

}  // namespace
}  // namespace kvscope
