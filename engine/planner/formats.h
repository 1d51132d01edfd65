// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/cache/policy/registry.h"
#include "engine/model/hparams.h"

namespace kvscope::planner {

/// Size of a storage type that is the same all along a row: `bytes` for every `values` values, scales counted in.
struct BlockSize {
    std::uint32_t values = 1;
    std::uint32_t bytes = 1;
};

/// A storage of whole entries as a published implementation lays them out: the rotated part of a latent apart from the
/// rest, index keys in a type of their own.
struct MixedFormat {
    std::string_view name;
    /// Bytes of a row of `width` values of which the last `rope` are rotated; `scales`: with the bytes of the scales.
    std::uint64_t (*rowBytes)(std::uint64_t width, std::uint64_t rope, bool scales) = nullptr;
    /// Bytes of an index key of `width` values.
    std::uint64_t (*indexBytes)(std::uint64_t width, bool scales) = nullptr;
    bool (*suits)(const model::Hparams& hparams) = nullptr;
    std::string_view needs;  ///< what it suits, in words
};

/// The size of a storage type by name: of those that this version runs, and of further ones that it can only plan.
[[nodiscard]] std::optional<BlockSize> findBlockSize(std::string_view name);
[[nodiscard]] const MixedFormat* findMixedFormat(std::string_view name);

/// The members of the policy language for plans: the policy registry, and after it the storage types that have a size
/// but no kernel in this version.
[[nodiscard]] std::span<const cache::MemberInfo> planMembers();
/// The part of it that the policy registry lacks.
[[nodiscard]] std::span<const cache::MemberInfo> planOnlyMembers();

}  // namespace kvscope::planner
