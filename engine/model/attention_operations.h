// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/view.h"

namespace kvscope::model {

enum class RopePairing : std::uint8_t { Adjacent, Halves };
/// Rotates elements begin … begin + 2 · frequencies.size() - 1 of each head by position · frequencies[pair]; cos and
/// sin are multiplied by magnitude. Frequencies carry every scaling type (architectures.md 1.4, 1.5).
struct RopeOp {
    View heads;
    std::uint32_t headDim = 0;
    std::uint32_t begin = 0;
    RopePairing pairing = RopePairing::Adjacent;
    std::vector<double> frequencies;
    float magnitude = 1;
    bool inverse = false;            ///< rotate back
    std::uint32_t positionStep = 1;  ///< the position is rounded down to a multiple of it (first token of a block)
};

/// Appends this step's rows to a stream: keys, and values where the stream has them. A stream of blocks takes the rows
/// of those columns whose token ends a block.
struct AppendOp {
    std::uint32_t stream = 0;
    View key;
    View value;
};

/// Rows that attention reads.
struct StreamRead {
    std::uint32_t stream = 0;
    std::uint32_t window = 0;  ///< native sliding window, 0 = none
    bool selected = false;     ///< only what the layer's SelectOp chose
};
/// out = softmax over all rows of the streams and the sink of f(scale q·k), times their values; causal.
/// f(x) = softcap · tanh(x / softcap) with a softcap. Query head h reads KV head h / (heads / kvHeads).
struct AttendOp {
    std::uint32_t layer = 0;
    std::uint32_t heads = 0;
    View query;
    View out;
    std::vector<StreamRead> reads;  ///< one or two, with equal key and value sizes
    float scale = 0;
    float softcap = 0;  ///< 0 = none
    TensorRef sinks;    ///< [heads]: logits without a value
};

/// Pools blocks of tokens, channel by channel: out = Σ softmax(gate + ape) · value over the `ratio` tokens of the block
/// that ends at the column (and, overlapping, the first halves of the block before): architectures.md 12.4. Columns
/// that end no block are left alone.
struct CompressOp {
    std::uint32_t state = 0;  ///< index into CacheLayout::states
    std::uint32_t ratio = 0;
    std::uint32_t width = 0;  ///< channels of the result
    bool overlap = false;
    View value;     ///< width, or 2 · width when overlapping
    View gate;      ///< the same
    TensorRef ape;  ///< [width(gate), ratio]
    View out;       ///< width
};

/// Chooses rows of a stream: score = Σ_x g_x · relu(q_x · k) over the index stream's keys; the topK best visible rows
/// are read by the layer's attention. Ties: lower row.
struct SelectOp {
    std::uint32_t layer = 0;
    View query;                ///< heads · keyDim
    View weights;              ///< heads
    std::uint32_t index = 0;   ///< stream of the index keys
    std::uint32_t stream = 0;  ///< stream whose rows are chosen, row by row the same blocks
    std::uint32_t heads = 0;
    std::uint32_t topK = 0;
    float scale = 1;  ///< of the weights
};

}  // namespace kvscope::model
