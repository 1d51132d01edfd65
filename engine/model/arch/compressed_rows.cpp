// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/compressed_rows.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "engine/base/assert.h"

namespace kvscope::model {
namespace {

/// Index of a layer's compressor among the layout's states: "compressor" or "indexer compressor".
std::uint32_t stateOf(const CacheLayout& layout, std::uint32_t layer, std::string_view what) {
    const auto found = std::ranges::find_if(
        layout.states, [&](const DecodeState& state) { return state.layer == layer && state.what == what; });
    KVS_ASSERT(found != layout.states.end());
    return static_cast<std::uint32_t>(found - layout.states.begin());
}

}  // namespace

CompressedRows::CompressedRows(Blocks& b, const RopeTable& rope) : m_b(&b), m_rope(&rope) {
    const Hparams& h = b.h();
    const std::uint32_t widest = std::max(std::ranges::max(h.keyDims), h.indexerKeyLength);
    m_value = b.program().addSlot(2 * widest);
    m_gate = b.program().addSlot(2 * widest);
    m_pooled = b.program().addSlot(widest);
    if (h.indexerHeads == 0) return;
    m_query = b.program().addSlot(h.indexerHeads * h.indexerKeyLength);
    m_weights = b.program().addSlot(h.indexerHeads);
}

RopeOp CompressedRows::rotation(View heads, std::uint32_t headDim) const {
    return {.heads = heads,
            .headDim = headDim,
            .begin = headDim - m_b->h().ropeDims,
            .pairing = RopePairing::Adjacent,
            .frequencies = m_rope->frequencies,
            .magnitude = 1};
}

void CompressedRows::append(std::uint32_t layer, RowRole role) {
    const bool index = role == RowRole::Index;
    const std::uint32_t ratio = m_b->h().compressRatios[layer];
    const bool overlap = ratio == kIndexedRatio;
    const std::uint32_t width = index ? m_b->h().indexerKeyLength : m_b->h().keyDims[layer];
    const std::uint32_t wide = overlap ? 2 * width : width;
    const std::string stem = Blocks::stem(layer, index ? "indexer_compressor" : "attn_compressor");
    const View normed = m_b->whole(Slot::Normed);
    const View value{m_value, 0, wide};
    const View gate{m_gate, 0, wide};
    const View pooled{m_pooled, 0, width};
    m_b->add(ProductOp{
        .in = normed,
        .parts = {m_b->part(stem + "_kv", value, normed.width), m_b->part(stem + "_gate", gate, normed.width)}});
    m_b->add(CompressOp{.state = stateOf(m_b->program().layout, layer, index ? "indexer compressor" : "compressor"),
                        .ratio = ratio,
                        .width = width,
                        .overlap = overlap,
                        .value = value,
                        .gate = gate,
                        .ape = m_b->require(stem + "_ape.weight", {wide, ratio}),
                        .out = pooled});
    m_b->norm(pooled, pooled, stem + "_norm");
    RopeOp rope = rotation(pooled, width);
    rope.positionStep = ratio;
    m_b->add(std::move(rope));
    m_b->add(AppendOp{.stream = m_b->program().streamOf(layer, role), .key = pooled});
}

void CompressedRows::select(std::uint32_t layer, View low) {
    append(layer, RowRole::Index);
    const Hparams& h = m_b->h();
    const View query = m_b->whole(m_query);
    const View weights = m_b->whole(m_weights);
    const View normed = m_b->whole(Slot::Normed);
    m_b->product(low, m_b->part(Blocks::stem(layer, "indexer.attn_q_b"), query, low.width));
    m_b->add(rotation(query, h.indexerKeyLength));
    m_b->product(normed, m_b->part(Blocks::stem(layer, "indexer.proj"), weights, normed.width));
    m_b->add(SelectOp{.layer = layer,
                      .query = query,
                      .weights = weights,
                      .index = m_b->program().streamOf(layer, RowRole::Index),
                      .stream = m_b->program().streamOf(layer, RowRole::Compressed),
                      .heads = h.indexerHeads,
                      .topK = h.indexerTopK,
                      .scale = 1 / std::sqrt(static_cast<float>(query.width))});
}

}  // namespace kvscope::model
