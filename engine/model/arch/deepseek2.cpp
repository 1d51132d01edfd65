// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/deepseek2.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "engine/model/arch/blocks.h"

namespace kvscope::model {
namespace {

constexpr std::string_view kRank = "attention.kv_lora_rank";
/// Keys hold 0.1 times the number that the formulas have (architectures.md 11.1).
constexpr double kLogMultiplierUnit = 0.1;

bool isAbsorbed(const gguf::File& file) {
    return file.findTensor("blk.0.attn_k_b.weight") != nullptr;
}

/// The size without absorption: in its own key where the other one tells the latent's.
Result<std::uint32_t> headSize(const KeyReader& keys, std::string_view suffix, std::uint32_t plain, bool absorbed) {
    const std::string own = fmt::format("{}_mla", suffix);
    auto size = keys.optional(own, kLargestHeadWidth);
    if (!size) return forward(size);
    if (!*size && absorbed) {
        return fail(ErrorKind::BadFile, keys.where(own), "the key is missing; files with attn_k_b need it");
    }
    const std::uint32_t result = size->value_or(plain);
    if (result % 4 == 0) return result;
    return fail(ErrorKind::Unsupported, keys.where(*size ? std::string_view(own) : suffix),
                "the value is {}; only multiples of 4 are supported", result);
}

struct Deepseek2 {
    Deepseek2(const gguf::File& source, TensorTable& tensors, Program& program)
        : b(source, tensors, program), file(source) {}

    Result<void> build() {
        readSizes();
        readRotation();
        addSlots();
        const bool mixture = b.take(b.keys().count("expert_count", kLargestCount)) != 0;
        const std::uint32_t dense = b.take(b.keys().count("leading_dense_block_count", kLargestCount));
        ExpertSpec spec = mixture ? b.readExperts(false) : ExpertSpec{};
        if (mixture) b.readSharedExperts(spec);
        if (spec.groups > 1 && spec.gating == Gating::Softmax) {
            b.warn(
                "experts are chosen from the groups with the largest sum of two scores, as llama.cpp does; DeepSeek "
                "V2 itself takes the groups with the largest score");
        }
        b.embed();
        for (std::uint32_t layer = 0; layer < b.h().nLayers && !b.failed(); ++layer) {
            attention(layer);
            b.preNorm(layer, "ffn_norm");
            if (!mixture || layer < dense) {
                b.feedForward(layer, Activation::Silu, Slot::Hidden, true);
                continue;
            }
            b.route(layer, spec, b.whole(Slot::Normed));
            b.experts(layer, spec, b.whole(Slot::Normed), b.whole(Slot::Hidden), true);
            b.sharedExperts(layer, spec, b.whole(Slot::Normed), b.whole(Slot::Hidden));
        }
        b.head();
        return b.done();
    }

    void readSizes() {
        heads = b.h().nHeads.front();
        absorbed = b.h().kvLoraRank != 0;
        rank = b.take(b.keys().required(kRank, kLargestHeadWidth));
        rotated = b.h().ropeDims;
        keyDim = b.h().keyDims.front();
        plain = keyDim - rotated;
        valueDim = b.h().valueDims.front();
        queryRank = b.take(b.keys().optional("attention.q_lora_rank", kLargestDimension)).value_or(0);
        if (!absorbed)
            b.warn("runs in the naive form: attn_kv_b makes keys and values for each head, which are cached");
    }

    /// YaRN: the multiplier of the rotation goes into the scale of the scores instead (architectures.md 1.5 and 11.3).
    void readRotation() {
        const RopeScaling scaling = b.take(readRopeScaling(file, b.h()));
        if (b.failed()) return;
        rope = ropeTable(scaling, rotated, static_cast<double>(b.h().ropeBase), {});
        scale = 1 / std::sqrt(static_cast<double>(keyDim));
        if (scaling.logMultiplier == 0 || scaling.extFactor == 0) return;
        rope.magnitude = scaling.attnFactor;
        const double growth =
            1 + 0.1 * scaling.logMultiplier / kLogMultiplierUnit * std::log(std::max(1.0, scaling.factor));
        scale *= growth * growth;
    }

    void addSlots() {
        if (b.failed()) return;
        if (queryRank != 0) low = b.whole(b.program().addSlot(queryRank));
        latent = b.whole(b.program().addSlot(rank + rotated));
        if (absorbed) {
            query = b.whole(b.program().addSlot(heads * (rank + rotated)));
            mixed = b.whole(b.program().addSlot(heads * rank));
        } else {
            query = b.query(0);
            expanded = b.whole(b.program().addSlot(heads * (plain + valueDim)));
        }
    }

    void attention(std::uint32_t layer) {
        b.preNorm(layer, "attn_norm");
        projections(layer);
        if (absorbed) {
            absorb(layer);
        } else {
            expand(layer);
        }
        b.attentionOutput(layer, Slot::Hidden, true);
    }

    /// Queries into Qkv; latent = norm of its first part, then what all heads rotate.
    void projections(std::uint32_t layer) {
        const View normed = b.whole(Slot::Normed);
        const bool direct = b.has(Blocks::stem(layer, "attn_q.weight"));
        if (!direct && queryRank == 0) {
            b.failWith({ErrorKind::BadFile, b.keys().where("attention.q_lora_rank"),
                        fmt::format("the key is missing and so is {}", Blocks::stem(layer, "attn_q.weight"))});
            return;
        }
        ProductOp product{.in = normed};
        product.parts.push_back(direct ? b.part(Blocks::stem(layer, "attn_q"), b.query(layer), normed.width)
                                       : b.part(Blocks::stem(layer, "attn_q_a"), low, normed.width));
        product.parts.push_back(b.part(Blocks::stem(layer, "attn_kv_a_mqa"), latent, normed.width));
        b.add(std::move(product));
        if (!direct) {
            b.norm(low, low, Blocks::stem(layer, "attn_q_a_norm"));
            b.product(low, b.part(Blocks::stem(layer, "attn_q_b"), b.query(layer), low.width));
        }
        b.norm(compressed(), compressed(), Blocks::stem(layer, "attn_kv_a_norm"));
    }

    [[nodiscard]] View compressed() const { return {latent.slot, 0, rank}; }

    /// Heads of (rank + rotated) values attend to the latent; attn_v_b turns what they read into values.
    void absorb(std::uint32_t layer) {
        const std::uint32_t width = rank + rotated;
        ProductPart keyPart{.weight = b.require(Blocks::stem(layer, "attn_k_b.weight"), {plain, rank, heads}),
                            .out = query};
        keyPart.rowCount = std::uint64_t{rank} * heads;
        keyPart.scale = b.take(b.tensors().scaleOf(Blocks::stem(layer, "attn_k_b")));
        b.add(ProductOp{.in = b.query(layer), .parts = {keyPart}, .groups = heads, .inStep = keyDim, .outStep = width});
        b.add(CopyHeadsOp{.in = tail(b.query(layer), plain),
                          .out = tail(query, rank),
                          .heads = heads,
                          .inStep = keyDim,
                          .outStep = width,
                          .width = rotated});
        attend(layer, {.key = latent, .out = mixed, .width = width, .begin = rank, .role = RowRole::Latent});

        ProductPart valuePart{.weight = b.require(Blocks::stem(layer, "attn_v_b.weight"), {rank, valueDim, heads}),
                              .out = b.attention(layer)};
        valuePart.rowCount = valuePart.out.width;
        valuePart.scale = b.take(b.tensors().scaleOf(Blocks::stem(layer, "attn_v_b")));
        b.add(ProductOp{.in = mixed, .parts = {valuePart}, .groups = heads, .inStep = rank, .outStep = valueDim});
    }

    /// Keys and values of each head from attn_kv_b: rows of the keys' plain part, then of the values, head after head.
    void expand(std::uint32_t layer) {
        const std::uint32_t step = plain + valueDim;
        b.product(compressed(), b.part(Blocks::stem(layer, "attn_kv_b"), expanded, rank));
        const CopyHeadsOp keys{.in = tail(expanded, 0),
                               .out = b.key(layer),
                               .heads = heads,
                               .inStep = step,
                               .outStep = keyDim,
                               .width = plain};
        b.add(keys);
        b.add(CopyHeadsOp{.in = tail(latent, rank),
                          .out = tail(b.key(layer), plain),
                          .heads = heads,
                          .inStep = 0,
                          .outStep = keyDim,
                          .width = rotated});
        b.add(CopyHeadsOp{.in = tail(expanded, plain),
                          .out = b.value(layer),
                          .heads = heads,
                          .inStep = step,
                          .outStep = valueDim,
                          .width = valueDim});
        attend(layer, {.key = b.key(layer),
                       .value = b.value(layer),
                       .out = b.attention(layer),
                       .width = keyDim,
                       .begin = plain,
                       .role = RowRole::Attention});
    }

    struct Rows {
        View key;
        View value;
        View out;
        std::uint32_t width = 0;  ///< of a head's key
        std::uint32_t begin = 0;  ///< of what is rotated
        RowRole role = RowRole::Attention;
    };
    void attend(std::uint32_t layer, const Rows& rows) {
        if (b.failed()) return;
        RopeOp rotation{.heads = query,
                        .headDim = rows.width,
                        .begin = rows.begin,
                        .pairing = RopePairing::Adjacent,
                        .frequencies = rope.frequencies,
                        .magnitude = static_cast<float>(rope.magnitude)};
        b.add(rotation);
        rotation.heads = rows.key;
        b.add(std::move(rotation));
        const std::uint32_t stream = b.program().streamOf(layer, rows.role);
        b.add(AppendOp{.stream = stream, .key = rows.key, .value = rows.value});
        b.add(AttendOp{.layer = layer,
                       .heads = heads,
                       .query = query,
                       .out = rows.out,
                       .reads = {StreamRead{.stream = stream}},
                       .scale = static_cast<float>(scale)});
    }

    [[nodiscard]] static View tail(View view, std::uint32_t begin) {
        return {view.slot, view.offset + begin, view.width - begin};
    }

    Blocks b;
    const gguf::File& file;
    std::uint32_t heads = 0;
    bool absorbed = false;
    std::uint32_t rank = 0;       ///< of the latent
    std::uint32_t queryRank = 0;  ///< 0 = attn_q
    std::uint32_t keyDim = 0;     ///< plain + rotated
    std::uint32_t plain = 0;
    std::uint32_t rotated = 0;
    std::uint32_t valueDim = 0;
    RopeTable rope;
    double scale = 0;
    View low;       ///< queryRank
    View latent;    ///< rank + rotated
    View query;     ///< what attends
    View mixed;     ///< absorbed: heads · rank
    View expanded;  ///< naive: heads · (plain + valueDim)
};

}  // namespace

Result<void> readDeepseek2Keys(const gguf::File& file, Hparams& h) {
    const KeyReader keys(file, h.architecture);
    auto rank = keys.required(kRank, kLargestHeadWidth);
    if (!rank) return forward(rank);
    auto rotated = keys.required("rope.dimension_count", kLargestHeadWidth);
    if (!rotated) return forward(rotated);
    const bool absorbed = isAbsorbed(file);
    auto key = headSize(keys, "attention.key_length", h.headDimK, absorbed);
    if (!key) return forward(key);
    auto value = headSize(keys, "attention.value_length", h.headDimV, absorbed);
    if (!value) return forward(value);
    if (*key <= *rotated || *rotated % 4 != 0 || *rank % 4 != 0) {
        return fail(ErrorKind::BadFile, keys.where("rope.dimension_count"),
                    "of the {} values of a key {} are rotated, and the latent has {}; a key must have more values than "
                    "are rotated, and the others be multiples of 4",
                    *key, *rotated, *rank);
    }
    if (std::ranges::any_of(h.nHeads, [&](std::uint32_t heads) { return heads != h.nHeads.front(); })) {
        return fail(ErrorKind::Unsupported, keys.where("attention.head_count"), "the number of heads differs by layer");
    }
    const std::uint64_t widest = std::max<std::uint64_t>(*rank + *rotated, std::uint64_t{*key} + *value);
    if (h.nHeads.front() * widest > kLargestDimension) {
        return fail(ErrorKind::BadFile, keys.where("attention.head_count"),
                    "{} heads of {} values make a row of more than {} values", h.nHeads.front(), widest,
                    kLargestDimension);
    }
    h.headDimK = *key;
    h.headDimV = *value;
    h.kvLoraRank = absorbed ? *rank : 0;
    h.nKvHeads.assign(h.nLayers, absorbed ? 1 : h.nHeads.front());
    return {};
}

Result<void> buildDeepseek2(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Deepseek2(file, tensors, program).build();
}

}  // namespace kvscope::model
