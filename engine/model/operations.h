// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/model/cache_layout.h"
#include "engine/model/hparams.h"

namespace kvscope::model {

/// A weight: an index into gguf::File::tensors(), or none.
struct TensorRef {
    std::int32_t index = -1;
    [[nodiscard]] bool present() const { return index >= 0; }
};

/// Activations by number; each is (columns, width) f32, a column a token of the step. Architectures add their own.
enum class Slot : std::uint16_t {
    Hidden,       ///< residual stream, nEmbd
    Normed,       ///< output of a norm, nEmbd
    Qkv,          ///< queries, then keys, then values, head after head: the widest layer's
    Attention,    ///< outputs of the heads: the widest layer's
    FeedForward,  ///< after the activation: the widest layer's
    Logits,       ///< nVocab
    Free,         ///< first of the architecture's own
};

/// Elements offset … offset + width - 1 of a slot's columns; offsets are multiples of 4.
struct View {
    Slot slot = Slot::Hidden;
    std::uint32_t offset = 0;
    std::uint32_t width = 0;
    bool operator==(const View&) const = default;
};

enum class Activation : std::uint8_t { Silu, GeluTanh };

/// out = scale * table[token]. table: [width(out), nVocab].
struct EmbedOp {
    TensorRef table;
    View out;
    float scale = 1;
};

/// out = gain * in / sqrt(mean(in²) + eps), over each group of `groupWidth` elements; one gain for all groups, absent
/// = 1.
struct NormOp {
    View in;
    View out;
    TensorRef gain;
    float eps = 0;
    std::uint32_t groupWidth = 0;  ///< 0 = the whole view
};

/// One matrix of a product: out (+)= scale W in + bias, of the rows that are read. W: [width(in), rows].
struct ProductPart {
    TensorRef weight;
    TensorRef bias;
    View out;
    std::uint64_t rowBegin = 0;  ///< first row of weight and bias that is read: a part of a fused matrix
    std::uint64_t rowCount = 0;  ///< rows read from there
    float scale = 1;
};
/// Products that read the same input (Q, K and V; one part for the others). `addTo`: add to what `out` holds.
/// With groups > 1 the matrix is block-diagonal: rowCount / groups rows for each group, group g reads elements
/// [g · inStep, …) of the input and writes [g · outStep, …) of the output.
struct ProductOp {
    View in;
    std::vector<ProductPart> parts;
    bool addTo = false;
    bool lastColumnsOnly = false;  ///< only columns whose logits are wanted (the output head)
    std::uint32_t groups = 1;
    std::uint32_t inStep = 0;
    std::uint32_t outStep = 0;
};

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

/// out = act(min(gate in, clamp)) · clamp(up in). gate: rows gateBegin …, up: rows upBegin …, width(out) rows each.
struct GatedOp {
    View in;
    View out;
    TensorRef gate;
    TensorRef up;
    std::uint64_t gateBegin = 0;
    std::uint64_t upBegin = 0;
    Activation activation = Activation::Silu;
    float clamp = 0;  ///< gate at most clamp, up within ±clamp, before the activation; 0 = none
};

enum class MapKind : std::uint8_t {
    Add,           ///< c (a + b)
    Subtract,      ///< a - b
    Scale,         ///< c a
    Multiply,      ///< a b
    SiluMultiply,  ///< silu(a) b
    GeluMultiply,  ///< gelu(a) b, tanh form
    Gain,          ///< a · gain[i]; gain repeats over the view
    Tanh,          ///< tanh(c a)
    Softcap,       ///< c tanh(a / c)
};
/// Element by element over equally wide views; out may be a or b.
struct MapOp {
    MapKind kind = MapKind::Add;
    View a;
    View b;
    View out;
    float constant = 1;
    TensorRef gain;
    bool lastColumnsOnly = false;
};

/// out = a |reference| / |a| (L2 norms of the columns).
struct MatchNormOp {
    View a;
    View reference;
    View out;
};

/// x = max(0, x - (mean(x) + multiplier · std(x))), std with divisor n - 1, over the column; in place.
struct SparseOp {
    View values;
    float multiplier = 0;
};

/// Scores of experts; values as in GGUF's expert_gating_func.
enum class Gating : std::uint8_t { Softmax = 1, Sigmoid = 2, SoftmaxOfSelected = 3, SqrtSoftplus = 4 };
/// Chooses experts for each column (architectures.md 1.8). out: `used` expert ids, then as many weights. Ties: lower
/// id.
struct RouteOp {
    View in;   ///< logits, one an expert
    View out;  ///< 2 · used
    std::uint32_t used = 0;
    Gating gating = Gating::Softmax;
    TensorRef bias;   ///< [experts], for the selection only
    TensorRef table;  ///< [used, nVocab] I32: experts by token instead of by score
    TensorRef gain;   ///< [experts]: multiplies the weights at the end
    std::uint32_t groups = 1;
    std::uint32_t groupsUsed = 1;
    bool normalise = false;
    float scale = 1;
};
/// hidden[k] = act(gate_e in) · (up_e in) for the k-th chosen expert e; tensors [width(in), nFf(, experts)].
struct ExpertGatedOp {
    View in;
    View route;
    View out;  ///< used · nFf
    TensorRef gate;
    TensorRef up;  ///< absent: `gate` holds gate rows, then up rows, for each expert
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
    Activation activation = Activation::Silu;
    float clamp = 0;
};
/// out (+)= Σ_k weight_k · down_e hidden[k]; down: [nFf, width(out), experts].
struct ExpertDownOp {
    View in;
    View route;
    View out;
    TensorRef down;
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
    bool addTo = false;
};

/// Streams of equal width mixed by coefficients of the column:
/// out[i] = (identity ? in[i] : 0) + Σ_j M[i, j] in[j] + (addend ? (P[i] + addBias) · addend : 0), with
/// M[i, j] = coefficients[matrix + i · rowStep + j · columnStep] and P[i] = coefficients[vector + i].
struct StreamMixOp {
    View in;   ///< inputs · width
    View out;  ///< outputs · width
    View coefficients;
    View addend;  ///< width; none when its width is 0
    std::uint32_t inputs = 1;
    std::uint32_t outputs = 1;
    std::uint32_t matrix = 0, rowStep = 0, columnStep = 0;
    std::uint32_t vector = 0;
    float addBias = 0;
    bool identity = false;
    bool useMatrix = true;
};

/// Coefficients of hyper-connections (architectures.md 12.5). Sublayer: in and out are n (pre), n (post), n · n (mixing
/// matrix B[src][dst], Sinkhorn-normalised). Output: n of each. base: as wide as in; scale: 3, or 1 for the output.
struct HyperOp {
    View in;
    View out;
    TensorRef base;
    TensorRef scale;
    std::uint32_t streams = 4;
    std::uint32_t iterations = 0;  ///< 0 = the output head
    float eps = 0;
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

/// out[h · outStep + i] = in[h · inStep + i] for h < heads and i < width: a part of each head, or with inStep 0 one
/// part for all heads. The views begin with the first head's part and reach at least to the last one's end; their slots
/// differ.
struct CopyHeadsOp {
    View in;
    View out;
    std::uint32_t heads = 0;
    std::uint32_t inStep = 0;
    std::uint32_t outStep = 0;
    std::uint32_t width = 0;
};

using Operation =
    std::variant<EmbedOp, NormOp, ProductOp, RopeOp, AppendOp, AttendOp, GatedOp, MapOp, MatchNormOp, SparseOp, RouteOp,
                 ExpertGatedOp, ExpertDownOp, StreamMixOp, HyperOp, CompressOp, SelectOp, CopyHeadsOp>;

/// What an architecture is to both interpreters (kernels and the Eigen reference): dimensions, what it caches, and a
/// list of operations over numbered slots, in order.
struct Program {
    Hparams hparams;
    CacheLayout layout;
    std::vector<std::uint32_t> slotWidths;  ///< by slot number
    std::vector<Operation> operations;
    std::vector<std::string> warnings;  ///< unused tensors and the like, for the user
    std::vector<TensorRef> used;        ///< every tensor that an operation reads

    [[nodiscard]] std::uint32_t width(Slot slot) const { return slotWidths.at(static_cast<std::size_t>(slot)); }
    [[nodiscard]] View whole(Slot slot) const { return {slot, 0, width(slot)}; }
    /// A slot of the architecture's own.
    [[nodiscard]] Slot addSlot(std::uint32_t width);
    /// Index of a layer's stream with this role; the layout has it.
    [[nodiscard]] std::uint32_t streamOf(std::uint32_t layer, RowRole role) const;
};

/// Widths of the slots that every architecture has.
[[nodiscard]] std::vector<std::uint32_t> standardSlots(const Hparams& hparams);

/// Builds the program of the file's architecture. Errors: unknown architecture (Unsupported), missing tensor, wrong
/// shape (BadFile), each naming file and tensor or key.
[[nodiscard]] Result<Program> buildProgram(const gguf::File& file);

}  // namespace kvscope::model
