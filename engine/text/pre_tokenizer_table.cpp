// SPDX-License-Identifier: Apache-2.0
#include "engine/text/pre_tokenizer_table.h"

#include <array>

namespace kvscope::text {
namespace {

// The expressions of architectures.md 17.4. Inside brackets \s is Unicode White_Space (see PreTokenizer::compile).

/// Rule B: contractions, then words, numbers and symbols with a space before them, then white space.
constexpr std::string_view kRuleB = R"('(?:[stmd]|re|ve|ll)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|[\s]+(?![^\s]))";

/// Rule A: contractions in either case, words with any one character before them, numbers of up to three digits,
/// symbols with the line ends after them, line ends, white space.
constexpr std::string_view kRuleA = R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
                                    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";

/// Rule A with each number character on its own.
constexpr std::string_view kRuleASingleNumbers =
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";

constexpr std::array<std::string_view, 1> kGpt2{kRuleB};
constexpr std::array<std::string_view, 1> kLlama3{kRuleA};
constexpr std::array<std::string_view, 1> kQwen2{kRuleASingleNumbers};
constexpr std::array<std::string_view, 2> kSmolLm{R"(\p{N})", kRuleB};
constexpr std::array<std::string_view, 4> kDefault{R"([\p{P}$+<=>^~|]+)", kRuleB, R"(\p{N}+)", "[0-9][0-9][0-9]"};

constexpr std::array kRules{
    PreTokenizerRule{.names = "default", .stages = kDefault},
    PreTokenizerRule{.names = "gpt-2 phi-2 olmo exaone4 modern-bert mpt jais trillion gigachat mellum a.x-4.0 jina-es "
                              "jina-de jina-v2-es jina-v2-de granite-docling",
                     .stages = kGpt2},
    PreTokenizerRule{.names = "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
                     .stages = kLlama3,
                     .addsBos = true,
                     .wholeWords = true},
    PreTokenizerRule{.names = "dbrx smaug-bpe chatglm-bpe glm4", .stages = kLlama3},
    PreTokenizerRule{.names = "smollm starcoder command-r refact codeshell exaone minerva-7b mellum2",
                     .stages = kSmolLm},
    PreTokenizerRule{.names = "qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez solar-open kormo f2llmv2",
                     .stages = kQwen2},
};

bool hasName(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        const std::size_t space = names.find(' ');
        if (names.substr(0, space) == name) return true;
        if (space == std::string_view::npos) break;
        names.remove_prefix(space + 1);
    }
    return false;
}

}  // namespace

std::span<const PreTokenizerRule> preTokenizerRules() {
    return kRules;
}

const PreTokenizerRule* findPreTokenizerRule(std::string_view name) {
    for (const auto& rule : kRules) {
        if (hasName(rule.names, name)) return &rule;
    }
    return nullptr;
}

}  // namespace kvscope::text
