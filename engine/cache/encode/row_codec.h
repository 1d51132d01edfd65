// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/base/error.h"

namespace kvscope::cache {

/// How one storage type turns a row of a head into bytes, on the CPU, in ggml's byte order (that of GGUF tensors).
/// Values must be finite; the reference for what the kernels under shaders/encode do.
struct RowCodec {
    std::string_view name;     ///< as in a policy: "q8_0"
    unsigned blockValues = 1;  ///< values that share a scale; a row is a whole number of blocks
    unsigned blockBytes = 1;   ///< bytes of a block
    /// values: (blocks × blockValues) f32; bytes: blocks × blockBytes. Sizes are checked by encodeRow.
    void (*encode)(std::span<const float> values, std::span<std::byte> bytes) = nullptr;
    void (*decode)(std::span<const std::byte> bytes, std::span<float> values) = nullptr;
    /// Largest |x − decode(encode(x))| of a value in a block whose largest magnitude is `blockMaximum`.
    double (*errorBound)(double blockMaximum) = nullptr;

    /// True when a head of this size is a whole number of blocks.
    [[nodiscard]] constexpr bool fits(unsigned headDim) const { return headDim > 0 && headDim % blockValues == 0; }
    /// Bytes of a row of `headDim` values; only for a size that fits.
    [[nodiscard]] constexpr std::size_t rowBytes(unsigned headDim) const {
        return std::size_t{headDim} / blockValues * blockBytes;
    }
    /// 8.5 for q8_0: scales counted in.
    [[nodiscard]] constexpr double bitsPerValue() const { return 8.0 * blockBytes / blockValues; }
};

/// The codec of a storage type that this version runs; nullptr for any other name.
[[nodiscard]] const RowCodec* findRowCodec(std::string_view name);

/// Encodes a row of values.size() f32 into exactly codec.rowBytes(values.size()) bytes.
/// BadUsage when the row is no whole number of blocks or `bytes` has another size.
[[nodiscard]] Result<void> encodeRow(const RowCodec& codec, std::span<const float> values, std::span<std::byte> bytes);
/// The inverse, with the same conditions.
[[nodiscard]] Result<void> decodeRow(const RowCodec& codec, std::span<const std::byte> bytes, std::span<float> values);

}  // namespace kvscope::cache
