// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/model/attention_operations.h"
#include "engine/model/cache_layout.h"
#include "engine/model/expert_operations.h"
#include "engine/model/hparams.h"
#include "engine/model/view.h"

namespace kvscope::model {

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
    Softplus,      ///< ln(1 + exp(a)), each value c times in a row; a is width(out) / c wide
};
/// Element by element over equally wide views (but for Softplus); out may be a or b where their widths are equal.
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
