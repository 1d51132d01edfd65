// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace kvscope::kernels {

/// Bytes of one category that a dispatch moves. Requested: a load whose address is uniform over a subgroup counts once
/// a subgroup, others once a lane; unique: distinct addresses (decisions.md 3).
struct CategoryTraffic {
    std::uint64_t requested = 0;
    std::uint64_t unique = 0;
    std::uint64_t written = 0;
    bool operator==(const CategoryTraffic&) const = default;
};

/// Bytes by category (index = kCatWeights … of shaders/shared/constants.h) and arithmetic of a dispatch.
struct Traffic {
    std::array<CategoryTraffic, 5> category{};
    std::uint64_t flops = 0;  ///< 2 × multiply-adds of matrix products and attention

    Traffic& operator+=(const Traffic& other) {
        for (std::size_t i = 0; i < category.size(); ++i) {
            category.at(i).requested += other.category.at(i).requested;
            category.at(i).unique += other.category.at(i).unique;
            category.at(i).written += other.category.at(i).written;
        }
        flops += other.flops;
        return *this;
    }
};

}  // namespace kvscope::kernels
