// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kvscope::test {

/// Logits of a model for a text, from elsewhere: a NAME.golden file (tests/golden/README.md).
struct Golden {
    std::uint32_t nTokens = 0;
    std::uint32_t nVocab = 0;
    std::uint32_t nTop = 0;
    std::vector<std::int32_t> tokens;         ///< (nTokens)
    std::vector<std::int32_t> subset;         ///< ids whose logits are known at every position, ascending
    std::vector<std::int32_t> fullPositions;  ///< positions whose logits are known for every id
    std::vector<float> norms;                 ///< (nTokens) L2 norm of the row of all logits
    std::vector<std::int32_t> topIds;         ///< (nTokens, nTop) by falling logit
    std::vector<float> topLogits;             ///< (nTokens, nTop), exact f32
    std::vector<float> subsetLogits;          ///< (nTokens, subset), rounded to f16
    std::vector<float> fullLogits;            ///< (fullPositions, nVocab), rounded to f16

    [[nodiscard]] std::int32_t bestToken(std::size_t position) const { return topIds[position * nTop]; }
    /// The golden logits of the subset's ids at a position.
    [[nodiscard]] std::span<const float> subsetRow(std::size_t position) const {
        return std::span(subsetLogits).subspan(position * subset.size(), subset.size());
    }
    /// The same ids of a row of all logits (nVocab), to compare with subsetRow().
    [[nodiscard]] std::vector<float> pickSubset(std::span<const float> logits) const;
    [[nodiscard]] std::span<const float> fullRow(std::size_t index) const {
        return std::span(fullLogits).subspan(index * nVocab, nVocab);
    }
};

/// Reads a .golden file; throws std::runtime_error that names it when it is not one.
[[nodiscard]] Golden readGolden(const std::filesystem::path& path);

/// Reads a file of little-endian f32 values.
[[nodiscard]] std::vector<float> readFloats(const std::filesystem::path& path);
/// Reads a file of little-endian i32 token ids.
[[nodiscard]] std::vector<std::int32_t> readTokens(const std::filesystem::path& path);

}  // namespace kvscope::test
