// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

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

}  // namespace kvscope::model
