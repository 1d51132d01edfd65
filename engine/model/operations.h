// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/model/hparams.h"

namespace kvscope::model {

/// A weight: an index into gguf::File::tensors(), or none.
struct TensorRef {
    std::int32_t index = -1;
    [[nodiscard]] bool present() const { return index >= 0; }
};

/// Named activations; each is (columns, width) f32, a column a token of the step.
enum class Slot : std::uint8_t {
    Hidden,       ///< residual stream, nEmbd
    Normed,       ///< output of a norm, nEmbd
    Query,        ///< nHeads * headDimK, head after head
    Key,          ///< nKvHeads * headDimK, of this step's tokens
    Value,        ///< nKvHeads * headDimV
    Attention,    ///< nHeads * headDimV, output of attention
    FeedForward,  ///< nFf, after the activation
    Logits,       ///< nVocab
};

/// hidden = scale * table[token]. table: [nEmbd, nVocab].
struct EmbedOp {
    TensorRef table;
    float scale = 1;
};

/// out = gain * in / sqrt(mean(in²) + eps), over the whole row.
struct NormOp {
    Slot in = Slot::Hidden;
    Slot out = Slot::Normed;
    TensorRef gain;
    float eps = 0;
};

/// One matrix of a product: out (+)= W in + bias, of the rows that are read. W: [width(in), rows].
struct ProductPart {
    TensorRef weight;
    TensorRef bias;
    Slot out = Slot::Hidden;
    std::uint64_t rowBegin = 0;  ///< first row of weight and bias that is read: a part of a fused matrix
    std::uint64_t rowCount = 0;  ///< rows read from there, 0 = all
};
/// Products that read the same input (Q, K and V; one part for the others). `addTo`: add to what `out` holds.
struct ProductOp {
    Slot in = Slot::Normed;
    std::vector<ProductPart> parts;
    bool addTo = false;
    bool lastColumnsOnly = false;  ///< only columns whose logits are wanted (the output head)
};

enum class RopePairing : std::uint8_t { Adjacent, Halves };
/// Rotates the first 2 * frequencies.size() elements of each head of Query and Key by position * frequencies[pair];
/// cos and sin are multiplied by magnitude. Frequencies carry every scaling type (architectures.md 1.4, 1.5).
struct RopeOp {
    std::uint32_t layer = 0;
    RopePairing pairing = RopePairing::Adjacent;
    std::vector<double> frequencies;
    float magnitude = 1;
};

/// Attention = softmax(scale q·k + causal mask) v over the rows of layer `source`; Key and Value of this step are
/// appended to the rows of `layer` first (when layer == source). Query head h reads KV head h / (nHeads / nKvHeads).
struct AttendOp {
    std::uint32_t layer = 0;
    std::uint32_t source = 0;
    float scale = 0;
    std::uint32_t window = 0;  ///< native sliding window, 0 = none
};

/// FeedForward = silu(gate in) * (up in). gate, up: [nEmbd, nFf].
struct GatedOp {
    Slot in = Slot::Normed;
    TensorRef gate;
    TensorRef up;
};

using Operation = std::variant<EmbedOp, NormOp, ProductOp, RopeOp, AttendOp, GatedOp>;

/// What an architecture is to both interpreters (kernels and the Eigen reference): dimensions and a list of
/// operations over named slots, in order.
struct Program {
    Hparams hparams;
    std::vector<Operation> operations;
    std::vector<std::string> warnings;  ///< unused tensors and the like, for the user
    std::vector<TensorRef> used;        ///< every tensor that an operation reads
};

/// Builds the program of the file's architecture. Errors: unknown architecture (Unsupported), missing tensor, wrong
/// shape (BadFile), each naming file and tensor or key.
[[nodiscard]] Result<Program> buildProgram(const gguf::File& file);

/// Width of a slot's column for a layer's dimensions (Query, Key, Value, Attention, FeedForward differ by layer: the
/// widest is returned).
[[nodiscard]] std::uint32_t slotWidth(const Hparams& hparams, Slot slot);

}  // namespace kvscope::model
