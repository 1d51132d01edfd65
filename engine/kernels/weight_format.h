// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kvscope::kernels {

/// How a weight format lies on the device: up to four sections, each an array over blocks in row-major order (the
/// blocks' own bytes, pulled apart so that quants can be read 16 bytes at a time). Decoders: shaders/encode/weight_*.
struct WeightFormat {
    std::uint32_t id;           ///< kWeightF32 … of shaders/shared/constants.h
    std::string_view ggmlName;  ///< "Q8_0"
    std::uint32_t blockValues;  ///< 1 for the float types, else 32 or 256
    std::uint32_t blockBytes;
    std::array<std::uint32_t, 4> sectionBytes;   ///< bytes of a block in each section (0 = no section)
    std::array<std::uint32_t, 4> sectionOffset;  ///< where these bytes begin in ggml's block
    std::uint32_t runRequested;                  ///< bytes that decoding one run of 32 values requests

    /// Bytes of a section that holds `blocks` blocks, in whole words.
    [[nodiscard]] std::uint64_t sectionSize(std::size_t section, std::uint64_t blocks) const {
        return (sectionBytes.at(section) * blocks + 3) / 4 * 4;
    }
    /// Blocks in `runs` runs of 32 values.
    [[nodiscard]] std::uint64_t blocksOfRuns(std::uint64_t runs) const {
        return blockValues == 1 ? runs * 32 : runs * 32 / blockValues;
    }
    /// Distinct bytes of `runs` runs (whole words).
    [[nodiscard]] std::uint64_t uniqueBytes(std::uint64_t runs) const {
        std::uint64_t sum = 0;
        for (std::size_t s = 0; s < 4; ++s) sum += sectionSize(s, blocksOfRuns(runs));
        return sum;
    }
};

/// The format by ggml's name, or nullptr when kernels cannot read it.
[[nodiscard]] const WeightFormat* findWeightFormat(std::string_view ggmlName);

}  // namespace kvscope::kernels
