// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/text/vocabulary.h"

namespace kvscope::text {

/// The tokens that a text begins with, found by walking its bytes. Immutable, shared by threads. Memory: about 12 bytes
/// a node, a node a distinct prefix.
class PrefixTree {
  public:
    using Node = std::uint32_t;
    static constexpr Node kRoot = 0;
    static constexpr Node kNowhere = 0xFFFFFFFFU;

    /// `entries`: bytes and token; of equal bytes the lowest id stays, empty ones are left out.
    explicit PrefixTree(std::vector<std::pair<std::string, TokenId>> entries);

    /// The node behind one more byte, or kNowhere.
    [[nodiscard]] Node step(Node node, char byte) const;
    /// The token that ends at this node, or kNoToken.
    [[nodiscard]] TokenId token(Node node) const { return m_nodes[node].token; }

    struct Match {
        TokenId id = kNoToken;
        std::size_t bytes = 0;
    };
    /// The longest token that `text` begins with.
    [[nodiscard]] Match longest(std::string_view text) const;

  private:
    struct NodeData {
        std::uint32_t firstEdge = 0;  ///< its edges are [firstEdge, firstEdge of the next node), ascending by byte
        TokenId token = kNoToken;
    };
    std::vector<NodeData> m_nodes;  ///< breadth first, and one at the end that closes the last edges
    std::vector<unsigned char> m_edgeBytes;
    std::array<Node, 256> m_rootEdges{};  ///< edge i leads to node i + 1, and from the root, where most steps begin,
                                          ///< by this table
};

}  // namespace kvscope::text
