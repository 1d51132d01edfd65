// SPDX-License-Identifier: Apache-2.0
#include "engine/text/special_tokens.h"

#include <algorithm>

namespace kvscope::text {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

std::string_view withoutLeadingSpace(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
    return text;
}

std::string_view withoutTrailingSpace(std::string_view text) {
    return text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
}

void cutOut(const SpecialToken& token, std::vector<Fragment>& fragments) {
    std::vector<Fragment> cut;
    cut.reserve(fragments.size());
    for (const Fragment& fragment : fragments) {
        if (fragment.id != kNoToken) {
            cut.push_back(fragment);
            continue;
        }
        std::string_view rest = fragment.text;
        for (auto at = rest.find(token.text); at != std::string_view::npos; at = rest.find(token.text)) {
            auto before = rest.substr(0, at);
            if (token.stripsLeft) before = withoutTrailingSpace(before);
            if (!before.empty()) cut.push_back({before, kNoToken});
            cut.push_back({rest.substr(at, token.text.size()), token.id});
            rest.remove_prefix(at + token.text.size());
            if (token.stripsRight) rest = withoutLeadingSpace(rest);
        }
        if (!rest.empty()) cut.push_back({rest, kNoToken});
    }
    fragments = std::move(cut);
}

}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary) {
    for (TokenId id = 0; vocabulary.contains(id); ++id) {
        const TokenType type = vocabulary.type(id);
        const bool always = type == TokenType::UserDefined;
        if (!always && type != TokenType::Control && type != TokenType::Unknown) continue;
        if (!vocabulary.text(id).empty())
            m_entries.push_back(
                {vocabulary.text(id), id, always, vocabulary.stripsLeft(id), vocabulary.stripsRight(id)});
    }
    std::ranges::sort(m_entries, {}, &SpecialToken::text);
}

std::vector<Fragment> SpecialTokens::split(std::string_view text, bool parseSpecial) const {
    std::vector<Fragment> fragments;
    if (text.empty()) return fragments;
    fragments.push_back({text, kNoToken});
    for (const std::size_t index : occurring(text, parseSpecial)) {
        cutOut(m_entries[index], fragments);
    }
    return fragments;
}

/// The entries that occur at all, longest first (equal lengths by id).
std::vector<std::size_t> SpecialTokens::occurring(std::string_view text, bool parseSpecial) const {
    std::vector<std::size_t> found;
    if (m_entries.empty()) return found;
    std::vector<bool> occurs(m_entries.size(), false);
    for (std::size_t at = 0; at < text.size(); ++at) markAt(text.substr(at), occurs);
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        if (occurs[i] && (parseSpecial || m_entries[i].always)) found.push_back(i);
    }
    std::ranges::sort(found, [this](std::size_t a, std::size_t b) {
        const SpecialToken& left = m_entries[a];
        const SpecialToken& right = m_entries[b];
        return left.text.size() != right.text.size() ? left.text.size() > right.text.size() : left.id < right.id;
    });
    return found;
}

/// Marks the entries that `rest` begins with, narrowing the sorted range by one byte at a time.
void SpecialTokens::markAt(std::string_view rest, std::vector<bool>& occurs) const {
    auto first = m_entries.begin();
    auto last = m_entries.end();
    for (std::size_t depth = 0; depth < rest.size(); ++depth) {
        const auto byteAtDepth = [depth](const SpecialToken& entry) {
            return static_cast<unsigned char>(entry.text[depth]);
        };
        const auto same =
            std::ranges::equal_range(first, last, static_cast<unsigned char>(rest[depth]), {}, byteAtDepth);
        first = same.begin();
        last = same.end();
        if (first == last) return;
        // Of the entries that share depth + 1 bytes, the one that ends here sorts first.
        if (first->text.size() == depth + 1) {
            occurs[static_cast<std::size_t>(first - m_entries.begin())] = true;
            if (++first == last) return;
        }
    }
}

}  // namespace kvscope::text
