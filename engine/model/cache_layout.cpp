// SPDX-License-Identifier: Apache-2.0
#include "engine/model/cache_layout.h"

#include <algorithm>

namespace kvscope::model {

namespace {

/// Tokens whose gates and values a compressor of ratio r still needs: overlapping blocks of 4 look one block back.
std::uint64_t ringTokens(std::uint32_t ratio) {
    return ratio == 4 ? 8 : ratio;
}

void compressedLayer(const Hparams& h, std::uint32_t layer, CacheLayout& layout) {
    const std::uint32_t ratio = h.compressRatios[layer];
    const std::uint32_t width = h.keyDims[layer];
    layout.streams.push_back(
        {.layer = layer, .role = RowRole::Latent, .keyDim = width, .sharedValue = width, .window = h.windows[layer]});
    if (ratio == 0) return;
    layout.streams.push_back(
        {.layer = layer, .role = RowRole::Compressed, .keyDim = width, .sharedValue = width, .tokensPerRow = ratio});
    const std::uint64_t halves = ratio == 4 ? 2 : 1;
    layout.states.push_back({layer, "compressor", ringTokens(ratio), 2 * halves * width});
    if (ratio != 4) return;
    layout.streams.push_back(
        {.layer = layer, .role = RowRole::Index, .keyDim = h.indexerKeyLength, .tokensPerRow = ratio});
    layout.states.push_back({layer, "indexer compressor", ringTokens(ratio), 2 * halves * h.indexerKeyLength});
}

void latentLayer(const Hparams& h, std::uint32_t layer, CacheLayout& layout) {
    layout.streams.push_back(
        {.layer = layer, .role = RowRole::Latent, .keyDim = h.kvLoraRank + h.ropeDims, .sharedValue = h.kvLoraRank});
    if (h.indexerKeyLength == 0) return;
    layout.streams.push_back({.layer = layer, .role = RowRole::Index, .keyDim = h.indexerKeyLength});
}

}  // namespace

const char* name(RowRole role) {
    switch (role) {
        case RowRole::Attention:
            return "attention";
        case RowRole::Latent:
            return "latent";
        case RowRole::Compressed:
            return "compressed";
        case RowRole::Index:
            return "index";
    }
    return "";
}

std::uint64_t CacheStream::rowsAt(std::uint64_t tokens) const {
    const std::uint64_t rows = tokens / tokensPerRow;
    return window == 0 ? rows : std::min<std::uint64_t>(rows, window);
}

std::uint64_t CacheLayout::bytesF16(std::uint64_t tokens) const {
    std::uint64_t sum = 0;
    for (const CacheStream& stream : streams) sum += stream.rowsAt(tokens) * stream.elementsPerRow() * 2;
    return sum;
}

CacheLayout cacheLayout(const Hparams& h) {
    CacheLayout layout;
    layout.source = h.sourceLayers;
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        if (h.sourceLayers[layer] != layer) continue;
        if (!h.compressRatios.empty()) {
            compressedLayer(h, layer, layout);
        } else if (h.kvLoraRank != 0) {
            latentLayer(h, layer, layout);
        } else {
            layout.streams.push_back({.layer = layer,
                                      .kvHeads = h.nKvHeads[layer],
                                      .keyDim = h.keyDims[layer],
                                      .valueDim = h.valueDims[layer],
                                      .window = h.windows[layer]});
        }
    }
    return layout;
}

}  // namespace kvscope::model
