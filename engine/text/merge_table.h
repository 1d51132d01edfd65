// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/text/vocabulary.h"

namespace kvscope::text {

/// Which pairs of tokens BPE joins, in which order.
class MergeTable {
  public:
    struct Merge {
        std::uint32_t rank;  ///< lower is earlier
        TokenId result;
    };

    /// Reads tokenizer.ggml.merges. Error when it is missing, when an entry is no pair, or when a part of a pair or the
    /// two joined are no tokens.
    static Result<MergeTable> load(const gguf::File& file, const Vocabulary& vocabulary);

    /// The merge of two neighbours, or nullptr.
    [[nodiscard]] const Merge* find(TokenId left, TokenId right) const {
        const auto found = m_merges.find(keyOf(left, right));
        return found == m_merges.end() ? nullptr : &found->second;
    }

  private:
    static std::uint64_t keyOf(TokenId left, TokenId right) {
        return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) |
               static_cast<std::uint32_t>(right);
    }
    struct KeyHash {
        std::size_t operator()(std::uint64_t key) const {
            key *= 0x9E3779B97F4A7C15ULL;
            return static_cast<std::size_t>(key ^ (key >> 32U));
        }
    };
    std::unordered_map<std::uint64_t, Merge, KeyHash> m_merges;
};

}  // namespace kvscope::text
