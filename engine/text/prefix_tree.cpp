// SPDX-License-Identifier: Apache-2.0
#include "engine/text/prefix_tree.h"

#include <algorithm>

namespace kvscope::text {
namespace {

/// The sorted entries that share the bytes of one node.
struct Range {
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
};

unsigned char byteAt(const std::pair<std::string, TokenId>& entry, std::size_t index) {
    return static_cast<unsigned char>(entry.first[index]);
}

}  // namespace

PrefixTree::PrefixTree(std::vector<std::pair<std::string, TokenId>> entries) {
    std::erase_if(entries, [](const auto& entry) { return entry.first.empty(); });
    std::ranges::sort(entries);
    entries.erase(std::ranges::unique(entries, {}, &std::pair<std::string, TokenId>::first).begin(), entries.end());
    std::vector<Range> ranges{{0, entries.size(), 0}};
    for (std::size_t node = 0; node < ranges.size(); ++node) {
        Range range = ranges[node];
        NodeData data{static_cast<std::uint32_t>(m_edgeBytes.size()), kNoToken};
        if (range.begin < range.end && entries[range.begin].first.size() == range.depth) {
            data.token = entries[range.begin++].second;
        }
        m_nodes.push_back(data);
        while (range.begin < range.end) {
            const unsigned char byte = byteAt(entries[range.begin], range.depth);
            std::size_t end = range.begin + 1;
            while (end < range.end && byteAt(entries[end], range.depth) == byte) ++end;
            m_edgeBytes.push_back(byte);
            ranges.push_back({range.begin, end, range.depth + 1});
            range.begin = end;
        }
    }
    m_nodes.push_back({static_cast<std::uint32_t>(m_edgeBytes.size()), kNoToken});
    m_rootEdges.fill(kNowhere);
    for (std::uint32_t edge = 0; edge < m_nodes[1].firstEdge; ++edge) m_rootEdges[m_edgeBytes[edge]] = edge + 1;
}

PrefixTree::Node PrefixTree::step(Node node, char byte) const {
    const auto wanted = static_cast<unsigned char>(byte);
    if (node == kRoot) return m_rootEdges[wanted];
    const auto first = m_edgeBytes.begin() + m_nodes[node].firstEdge;
    const auto last = m_edgeBytes.begin() + m_nodes[node + 1].firstEdge;
    const auto found = std::lower_bound(first, last, wanted);
    if (found == last || *found != wanted) return kNowhere;
    return static_cast<Node>(found - m_edgeBytes.begin()) + 1;
}

PrefixTree::Match PrefixTree::longest(std::string_view text) const {
    Match match;
    Node node = kRoot;
    for (std::size_t i = 0; i < text.size(); ++i) {
        node = step(node, text[i]);
        if (node == kNowhere) break;
        if (token(node) != kNoToken) match = {token(node), i + 1};
    }
    return match;
}

}  // namespace kvscope::text
