// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/deepseek4.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/arch/blocks.h"
#include "engine/model/arch/compressed_rows.h"
#include "engine/model/arch/hyper_connections.h"

namespace kvscope::model {
namespace {

constexpr std::string_view kRatios = "attention.compress_ratios";
constexpr std::string_view kGroups = "attention.output_group_count";

/// One number for all layers or one for each; entries beyond the layers are dropped.
std::vector<float> readClamps(Blocks& b, std::string_view suffix, const std::vector<float>& fallback) {
    const std::uint32_t layers = b.h().nLayers;
    const gguf::KeyValue* entry = b.keys().file().find(b.keys().key(suffix));
    if (entry == nullptr) return fallback;
    if (entry->type != gguf::ValueType::Array) {
        return std::vector<float>(layers, b.take(b.keys().nonNegativeFloat(suffix, 0)));
    }
    std::vector<float> values = b.take(b.keys().file().readFloatArray(b.keys().key(suffix))).value_or(fallback);
    const bool sound = values.size() >= layers &&
                       std::ranges::all_of(values, [](float value) { return std::isfinite(value) && value >= 0; });
    if (!sound) {
        b.failWith({ErrorKind::BadFile, b.keys().where(suffix),
                    fmt::format("the array must have a finite number of at least 0 for each of {} layers", layers)});
    }
    return values;
}

struct Deepseek4 {
    Deepseek4(const gguf::File& source, TensorTable& tensors, Program& program)
        : b(source, tensors, program), file(source), streams(b) {}

    Result<void> build() {
        readSizes();
        readRotations();
        readMixture();
        if (b.failed()) return b.done();
        b.embed();
        streams.begin();
        for (std::uint32_t layer = 0; layer < b.h().nLayers && !b.failed(); ++layer) {
            streams.before(Blocks::stem(layer, "hc_attn"));
            b.preNorm(layer, "attn_norm");
            attention(layer);
            streams.after();
            streams.before(Blocks::stem(layer, "hc_ffn"));
            b.preNorm(layer, "ffn_norm");
            experts(layer);
            streams.after();
        }
        streams.end();
        b.require("output.weight", {b.h().nEmbd, b.h().nVocab});
        b.head();
        return b.done();
    }

    void readSizes() {
        const std::uint32_t heads = b.h().nHeads.front();
        const std::uint32_t queryRank = b.take(b.keys().required("attention.q_lora_rank", kLargestDimension));
        groups = b.take(b.keys().required(kGroups, heads));
        if (b.failed()) return;
        const std::uint32_t rank = b.take(b.keys().required("attention.output_lora_rank", kLargestDimension / groups));
        if (heads % groups != 0 || rank % 4 != 0) {
            b.failWith({ErrorKind::BadFile, b.keys().where(kGroups),
                        fmt::format("{} groups of rank {} for {} heads; the groups must divide the heads, and the rank "
                                    "be a multiple of 4",
                                    groups, rank, heads)});
        }
        if (b.failed()) return;
        low = b.whole(b.program().addSlot(queryRank));
        grouped = b.whole(b.program().addSlot(rank * groups));
    }

    /// Layers without compression have their own base and no scaling; cos and sin are never multiplied.
    void readRotations() {
        constexpr std::string_view kBase = "attention.compress_rope_freq_base";
        plain = Blocks::plainRope(b.h().ropeDims, static_cast<double>(b.h().ropeBase));
        if (std::ranges::max(b.h().compressRatios) == 0) return;
        const auto base = b.take(b.keys().positiveFloat(kBase));
        const RopeScaling scaling = b.take(readRopeScaling(file, b.h()));
        if (!b.failed() && (!base || *base <= 1)) {
            b.failWith({ErrorKind::BadFile, b.keys().where(kBase),
                        base ? fmt::format("the value is {}; it must be above 1", *base)
                             : std::string("the key is missing; layers with compressed rows need it")});
        }
        if (b.failed()) return;
        compressed = ropeTable(scaling, b.h().ropeDims, static_cast<double>(*base), {});
        compressed.magnitude = 1;
    }

    void readMixture() {
        constexpr std::string_view kGating = "expert_gating_func";
        if (b.failed()) return;
        mixture = b.readExperts(true);
        b.readSharedExperts(mixture);
        hashLayers = b.take(b.keys().count("hash_layer_count", kLargestCount));
        clamps = readClamps(b, "swiglu_clamp_exp", std::vector<float>(b.h().nLayers, 0));
        sharedClamps = readClamps(b, "swiglu_clamp_shexp", clamps);
        if (!b.failed() && mixture.gating != Gating::SqrtSoftplus) {
            b.failWith({ErrorKind::Unsupported, b.keys().where(kGating),
                        fmt::format("the value is {}; this architecture is known with 4 only",
                                    static_cast<std::uint32_t>(mixture.gating))});
        }
    }

    [[nodiscard]] const RopeTable& rope(std::uint32_t layer) const {
        return b.h().compressRatios[layer] != 0 ? compressed : plain;
    }

    /// Rotates the last values of each head.
    void rotate(std::uint32_t layer, View heads, bool inverse = false) {
        const std::uint32_t width = b.h().keyDims[layer];
        b.add(RopeOp{.heads = heads,
                     .headDim = width,
                     .begin = width - b.h().ropeDims,
                     .pairing = RopePairing::Adjacent,
                     .frequencies = rope(layer).frequencies,
                     .magnitude = 1,
                     .inverse = inverse});
    }

    void attention(std::uint32_t layer) {
        const View normed = b.whole(Slot::Normed);
        const View query = b.query(layer);
        const View row = b.key(layer);
        b.add(ProductOp{.in = normed,
                        .parts = {b.part(Blocks::stem(layer, "attn_q_a"), low, normed.width),
                                  b.part(Blocks::stem(layer, "attn_kv"), row, normed.width)}});
        b.norm(low, low, Blocks::stem(layer, "attn_q_a_norm"));
        b.norm(row, row, Blocks::stem(layer, "attn_kv_a_norm"));
        b.product(low, b.part(Blocks::stem(layer, "attn_q_b"), query, low.width));
        b.add(NormOp{.in = query, .out = query, .eps = b.h().rmsEps, .groupWidth = b.h().keyDims[layer]});
        const std::vector<StreamRead> reads = streamReads(layer);
        rotate(layer, query);
        rotate(layer, row);
        if (b.failed()) return;
        b.add(AppendOp{.stream = b.program().streamOf(layer, RowRole::Latent), .key = row});
        b.add(AttendOp{.layer = layer,
                       .heads = b.h().nHeads[layer],
                       .query = query,
                       .out = b.attention(layer),
                       .reads = reads,
                       .scale = 1 / std::sqrt(static_cast<float>(b.h().keyDims[layer])),
                       .softcap = 0,
                       .sinks = b.require(Blocks::stem(layer, "attn_sinks.weight"), {b.h().nHeads[layer]})});
        rotate(layer, b.attention(layer), true);
        output(layer);
    }

    /// Appends compressed rows and index keys, and selects, where the layer has them.
    std::vector<StreamRead> streamReads(std::uint32_t layer) {
        if (b.failed()) return {};
        std::vector<StreamRead> reads = {
            {.stream = b.program().streamOf(layer, RowRole::Latent), .window = b.h().windows[layer]}};
        const std::uint32_t ratio = b.h().compressRatios[layer];
        if (ratio == 0) return reads;
        if (!rows) rows.emplace(b, compressed);
        rows->append(layer, RowRole::Compressed);
        if (ratio == kIndexedRatio) rows->select(layer, low);
        reads.push_back({.stream = b.program().streamOf(layer, RowRole::Compressed),
                         .window = 0,
                         .selected = ratio == kIndexedRatio});
        return reads;
    }

    /// Each group of heads has its own matrix; attn_output_b reads what all of them give.
    void output(std::uint32_t layer) {
        const View heads = b.attention(layer);
        const std::uint32_t width = heads.width / groups;
        b.add(ProductOp{.in = heads,
                        .parts = {b.part(Blocks::stem(layer, "attn_output_a"), grouped, width)},
                        .groups = groups,
                        .inStep = width,
                        .outStep = grouped.width / groups});
        b.product(grouped, b.part(Blocks::stem(layer, "attn_output_b"), streams.result(), grouped.width));
    }

    void experts(std::uint32_t layer) {
        const View normed = b.whole(Slot::Normed);
        mixture.clamp = clamps[layer];
        mixture.sharedClamp = sharedClamps[layer];
        TensorRef table;
        if (layer < hashLayers) {
            table = b.take(b.tensors().requireIndices(Blocks::stem(layer, "ffn_gate_tid2eid.weight"),
                                                      {mixture.used, b.h().nVocab}, mixture.experts));
        }
        b.route(layer, mixture, normed, table);
        b.experts(layer, mixture, normed, streams.result(), false);
        b.sharedExperts(layer, mixture, normed, streams.result());
    }

    Blocks b;
    const gguf::File& file;
    HyperConnections streams;
    std::optional<CompressedRows> rows;
    std::uint32_t groups = 1;
    View low;      ///< queries' latent
    View grouped;  ///< groups · output rank
    RopeTable plain;
    RopeTable compressed;
    ExpertSpec mixture;
    std::uint32_t hashLayers = 0;
    std::vector<float> clamps;
    std::vector<float> sharedClamps;
};

Result<void> readRatios(const KeyReader& keys, Hparams& h) {
    auto ratios = keys.file().readUintArray(keys.key(kRatios));
    if (!ratios) return forward(ratios);
    if (!*ratios) return fail(ErrorKind::BadFile, keys.where(kRatios), "the key is missing; every model needs it");
    if ((*ratios)->size() < h.nLayers) {
        return fail(ErrorKind::BadFile, keys.where(kRatios), "the array has {} entries but the model has {} layers",
                    (*ratios)->size(), h.nLayers);
    }
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const std::uint64_t ratio = (**ratios)[layer];
        if (ratio != 0 && ratio != kIndexedRatio && ratio != kHeavyRatio) {
            return fail(ErrorKind::Unsupported, keys.where(kRatios), "entry {} is {}; known are 0, {} and {}", layer,
                        ratio, kIndexedRatio, kHeavyRatio);
        }
        h.compressRatios.push_back(static_cast<std::uint32_t>(ratio));
    }
    return {};
}

Result<void> readIndexer(const KeyReader& keys, Hparams& h) {
    constexpr std::string_view kLength = "attention.indexer.key_length";
    if (std::ranges::find(h.compressRatios, kIndexedRatio) == h.compressRatios.end()) return {};
    auto length = keys.required(kLength, kLargestHeadWidth);
    if (!length) return forward(length);
    auto heads = keys.required("attention.indexer.head_count", kLargestDimension / *length);
    if (!heads) return forward(heads);
    auto top = keys.required("attention.indexer.top_k", kLargestCount);
    if (!top) return forward(top);
    if (*length < h.ropeDims || *length % 4 != 0) {
        return fail(ErrorKind::BadFile, keys.where(kLength),
                    "the value is {}; it must be a multiple of 4 and at least the {} rotated values", *length,
                    h.ropeDims);
    }
    h.indexerKeyLength = *length;
    h.indexerHeads = *heads;
    h.indexerTopK = *top;
    return {};
}

}  // namespace

Result<void> readDeepseek4Keys(const gguf::File& file, Hparams& h) {
    const KeyReader keys(file, h.architecture);
    auto window = keys.required("attention.sliding_window", kLargestCount);
    if (!window) return forward(window);
    h.windows.assign(h.nLayers, *window);
    if (h.headDimK != h.headDimV || h.headDimK % 4 != 0 || h.nEmbd % 4 != 0) {
        return fail(ErrorKind::BadFile, keys.where("attention.value_length"),
                    "the value is {} and that of keys is {}; both must be one multiple of 4, and so must the embedding "
                    "length {}",
                    h.headDimV, h.headDimK, h.nEmbd);
    }
    if (std::ranges::max(h.nKvHeads) != 1 || std::ranges::max(h.nHeads) != std::ranges::min(h.nHeads)) {
        return fail(ErrorKind::Unsupported, keys.where("attention.head_count_kv"),
                    "every layer must have one KV head and the same number of query heads");
    }
    if (auto rotated = keys.required("rope.dimension_count", h.headDimK); !rotated) return forward(rotated);
    if (auto done = readRatios(keys, h); !done) return done;
    return readIndexer(keys, h);
}

Result<void> buildDeepseek4(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Deepseek4(file, tensors, program).build();
}

}  // namespace kvscope::model
