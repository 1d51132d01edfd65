// SPDX-License-Identifier: Apache-2.0
#include "engine/text/bpe_merger.h"

#include <algorithm>

namespace kvscope::text {

void BpeMerger::clear() {
    m_symbols.clear();
    m_candidates.clear();
}

void BpeMerger::add(TokenId id, std::string_view bytes) {
    const auto index = static_cast<std::int32_t>(m_symbols.size());
    if (index > 0) m_symbols.back().next = index;
    m_symbols.push_back({id, bytes, index - 1, kEnd});
}

void BpeMerger::merge() {
    for (std::int32_t i = 0; i + 1 < static_cast<std::int32_t>(m_symbols.size()); ++i) propose(i);
    while (!m_candidates.empty()) {
        std::ranges::pop_heap(m_candidates, later);
        const Candidate candidate = m_candidates.back();
        m_candidates.pop_back();
        join(candidate);
    }
}

/// Enters the pair of symbol `left` and its right neighbour.
void BpeMerger::propose(std::int32_t left) {
    const std::int32_t right = at(left).next;
    if (right == kEnd || at(left).id == kNoToken || at(right).id == kNoToken) return;
    const auto* merge = m_merges->find(at(left).id, at(right).id);
    if (merge == nullptr) return;
    m_candidates.push_back({merge->rank, left, right, at(left).id, at(right).id, merge->result});
    std::ranges::push_heap(m_candidates, later);
}

void BpeMerger::join(const Candidate& candidate) {
    Symbol& left = at(candidate.left);
    Symbol& right = at(candidate.right);
    const bool current = left.next == candidate.right && left.id == candidate.leftId && right.id == candidate.rightId;
    if (!current) return;
    left.id = candidate.result;
    left.next = right.next;
    if (right.next != kEnd) at(right.next).previous = candidate.left;
    right.id = kNoToken;
    right.next = kEnd;
    if (left.previous != kEnd) propose(left.previous);
    propose(candidate.left);
}

}  // namespace kvscope::text
