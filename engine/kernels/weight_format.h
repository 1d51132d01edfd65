// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace kvscope::kernels {

/// How a weight format lies on the device: up to four sections, each an array over blocks in row-major order (the
/// blocks' own bytes, pulled apart so that quants can be read 16 bytes at a time). Formats of the IQ1, IQ2 and IQ3
/// types have a table after them, once a weight. Decoders: shaders/encode/weight_*.
struct WeightFormat {
    std::uint32_t id;           ///< kWeightF32 … of shaders/shared/constants.h
    std::string_view ggmlName;  ///< "Q8_0"
    std::uint32_t blockValues;  ///< 1 for the float types, else 32 to 256
    std::uint32_t blockBytes;
    std::array<std::uint32_t, 4> sectionBytes;    ///< bytes of a block in each section (0 = no section)
    std::array<std::uint32_t, 4> sectionOffset;   ///< where these bytes begin in ggml's block
    std::uint32_t runRequested;                   ///< bytes that decoding one run of 32 values requests
    std::span<const std::uint16_t> table{};       ///< what section kTableSection holds instead: the format's grid
    void (*arrange)(std::byte* block) = nullptr;  ///< moves a block's bits before it is pulled apart (weight_arrange.h)

    static constexpr std::size_t kTableSection = 3;

    /// Bytes of a section of a weight that has `blocks` blocks, in whole words.
    [[nodiscard]] std::uint64_t sectionSize(std::size_t section, std::uint64_t blocks) const {
        if (section == kTableSection && !table.empty()) return table.size_bytes();
        return (sectionBytes.at(section) * blocks + 3) / 4 * 4;
    }
    /// Blocks in `runs` runs of 32 values.
    [[nodiscard]] std::uint64_t blocksOfRuns(std::uint64_t runs) const {
        return blockValues == 1 ? runs * 32 : runs * 32 / blockValues;
    }
    /// Distinct bytes of `runs` runs (whole words), without the table.
    [[nodiscard]] std::uint64_t uniqueBytes(std::uint64_t runs) const {
        std::uint64_t sum = 0;
        for (std::size_t s = 0; s < 4; ++s) sum += sectionSize(s, blocksOfRuns(runs));
        return sum - table.size_bytes();
    }
};

/// The format by ggml's name, or nullptr when kernels cannot read it.
[[nodiscard]] const WeightFormat* findWeightFormat(std::string_view ggmlName);

}  // namespace kvscope::kernels
