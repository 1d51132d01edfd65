// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "engine/text/merge_table.h"

namespace kvscope::text {

/// Joins the symbols of one word after the other: the neighbours with the lowest merge rank, of equal ranks the
/// leftmost. Keeps its memory between words. Time: O(n log n) in the symbols of a word.
class BpeMerger {
  public:
    struct Symbol {
        TokenId id;              ///< kNoToken for one without a token, which is never joined
        std::string_view bytes;  ///< the bytes of the word that it began as
        std::int32_t previous;
        std::int32_t next;
    };

    explicit BpeMerger(const MergeTable& merges) : m_merges(&merges) {}

    /// Begins a word.
    void clear();
    void add(TokenId id, std::string_view bytes);
    /// Joins what was added.
    void merge();

    /// Calls visit(symbol) for the symbols that merge() left, in order.
    template <typename Visitor>
    void forEach(Visitor visit) const {
        if (m_symbols.empty()) return;
        for (std::int32_t i = 0; i != kEnd; i = m_symbols[static_cast<std::size_t>(i)].next) {
            visit(m_symbols[static_cast<std::size_t>(i)]);
        }
    }

  private:
    static constexpr std::int32_t kEnd = -1;
    struct Candidate {
        std::uint32_t rank;
        std::int32_t left;
        std::int32_t right;
        TokenId leftId;
        TokenId rightId;
        TokenId result;
    };
    static bool later(const Candidate& a, const Candidate& b) {
        return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
    }
    Symbol& at(std::int32_t index) { return m_symbols[static_cast<std::size_t>(index)]; }
    void propose(std::int32_t left);
    void join(const Candidate& candidate);

    const MergeTable* m_merges;
    std::vector<Symbol> m_symbols;
    std::vector<Candidate> m_candidates;  ///< a heap, earliest merge in front
};

}  // namespace kvscope::text
