// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace kvscope::text {

/// One way of splitting text into words, under all names that files call it by (tokenizer.ggml.pre).
struct PreTokenizerRule {
    std::string_view names;                    ///< separated by single spaces; the first is the usual one
    std::span<const std::string_view> stages;  ///< expressions in the order of application
    bool addsBos = false;                      ///< where the file is silent
    bool wholeWords = false;                   ///< a word that is a token is taken before any merge
    bool cleansSpaces = false;                 ///< see Tokenizer::cleansSpaces()
};

[[nodiscard]] std::span<const PreTokenizerRule> preTokenizerRules();

/// The rule with this name, or nullptr.
[[nodiscard]] const PreTokenizerRule* findPreTokenizerRule(std::string_view name);

}  // namespace kvscope::text
