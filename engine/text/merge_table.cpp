// SPDX-License-Identifier: Apache-2.0
#include "engine/text/merge_table.h"

#include <limits>

#include "engine/gguf/quote.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";

struct Pair {
    TokenId left;
    TokenId right;
    TokenId result;
};

/// The tokens of "left right"; the separating space is the first one that is not the first byte.
Result<Pair> parsePair(const gguf::File& file, std::string_view merge, std::size_t index,
                       const Vocabulary& vocabulary) {
    const std::size_t space = merge.empty() ? std::string_view::npos : merge.find(' ', 1);
    if (space == std::string_view::npos) {
        return fail(ErrorKind::BadFile, file.whereKey(kMergesKey), "merge {} \"{}\" is no pair", index,
                    gguf::quoteName(merge));
    }
    const auto left = merge.substr(0, space);
    const auto right = merge.substr(space + 1);
    const std::string joined = std::string(left).append(right);
    for (const std::string_view text : {left, right, std::string_view(joined)}) {
        if (vocabulary.find(text) != kNoToken) continue;
        return fail(ErrorKind::BadFile, file.whereKey(kMergesKey), "merge {} \"{}\" needs \"{}\", which is no token",
                    index, gguf::quoteName(merge), gguf::quoteName(text));
    }
    return Pair{vocabulary.find(left), vocabulary.find(right), vocabulary.find(joined)};
}

}  // namespace

Result<MergeTable> MergeTable::load(const gguf::File& file, const Vocabulary& vocabulary) {
    const auto merges = file.readStringArray(kMergesKey);
    if (!merges) return forward(merges);
    if (!*merges) {
        return fail(ErrorKind::BadFile, file.whereKey(kMergesKey), "the key is missing; byte-level BPE needs merges");
    }
    if ((*merges)->size() > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorKind::BadFile, file.whereKey(kMergesKey), "there are {} merges, more than 2^32 - 1",
                    (*merges)->size());
    }
    MergeTable table;
    table.m_merges.reserve((*merges)->size());
    std::uint32_t rank = 0;
    for (const std::string& merge : **merges) {
        const auto pair = parsePair(file, merge, rank, vocabulary);
        if (!pair) return forward(pair);
        table.m_merges.emplace(keyOf(pair->left, pair->right), Merge{rank++, pair->result});
    }
    return table;
}

}  // namespace kvscope::text
