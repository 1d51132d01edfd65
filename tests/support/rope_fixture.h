// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels/rows.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {

/// One call of rope_append: tokens of one sequence whose rows go to slots from firstSlot on.
struct RopeSpec {
    std::string key = "f16";
    std::string value = "f16";
    std::uint32_t headDim = 32;
    std::uint32_t kvHeads = 2;
    std::uint32_t group = 1;
    std::uint32_t columns = 3;
    std::uint32_t pairs = 0;  ///< 0 = headDim / 2
    bool halves = false;
    bool exact = true;
    bool allAside = false;  ///< every column is kept aside, not every second one
    std::uint32_t firstSlot = 5;
    float magnitude = 1;  ///< of the values
    std::uint64_t seed = 41;
};

/// Its buffers and arguments. Pages are full of Canvas::kPattern.
struct RopeRun {
    RopeRun(vulkan::Device& device, const RopeSpec& spec);

    RopeSpec spec;
    std::vector<std::uint32_t> positionAt;  ///< of each column
    std::vector<float> before;              ///< activations
    std::vector<float> angles;              ///< (column, pair, cos | sin)
    std::vector<std::uint32_t> slots;       ///< physical, (KV head, column)
    std::uint32_t pageCount = 0;
    vulkan::Buffer columns, index, table, activations;
    Canvas positions, pages, aside;
    kernels::RopeAppendArgs args;

    [[nodiscard]] bool keptAside(std::uint32_t column) const {
        return spec.exact && (spec.allAside || column % 2 == 0);
    }
    /// Element i of a head's vector at `at`, rotated, in double precision.
    [[nodiscard]] double rotated(std::size_t at, std::uint32_t column, std::uint32_t i) const;
    /// Word of head 0 … of the queries, keys or values in the activations.
    [[nodiscard]] std::size_t queryAt(std::uint32_t column, std::uint32_t head) const;
    [[nodiscard]] std::size_t keyAt(std::uint32_t column, std::uint32_t kvHead) const;
    [[nodiscard]] std::size_t valueAt(std::uint32_t column, std::uint32_t kvHead) const;
    [[nodiscard]] std::size_t asideAt(std::uint32_t column, std::uint32_t kvHead, bool value) const;
};

}  // namespace kvscope::test
