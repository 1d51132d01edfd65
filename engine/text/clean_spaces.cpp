// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/text/tokenizer.h"

namespace kvscope::text {
namespace {

constexpr std::array<std::string_view, 8> kCloseUp{"?", "!", ".", ",", "'s", "'m", "'re", "'ve"};

/// Drops the spaces of `text` for which drops(rest of the text from the space on) holds.
template <typename Drops>
std::string withoutSpaces(std::string_view text, Drops drops) {
    std::string kept;
    kept.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ' ' && drops(text.substr(at + 1))) continue;
        kept += text[at];
    }
    return kept;
}

}  // namespace

std::string cleanSpaces(std::string_view text) {
    const auto startsWithOneOf = [](auto first, auto last) {
        return [first, last](std::string_view rest) {
            return std::any_of(first, last, [rest](std::string_view part) { return rest.starts_with(part); });
        };
    };
    const auto* punctuationEnd = kCloseUp.begin() + 4;
    const std::string closed = withoutSpaces(text, startsWithOneOf(kCloseUp.begin(), punctuationEnd));
    std::string joined;
    for (std::size_t at = 0; at < closed.size(); ++at) {
        const bool lone = std::string_view(closed).substr(at).starts_with(" ' ");
        joined += lone ? '\'' : closed[at];
        if (lone) at += 2;
    }
    return withoutSpaces(joined, startsWithOneOf(punctuationEnd, kCloseUp.end()));
}

}  // namespace kvscope::text
