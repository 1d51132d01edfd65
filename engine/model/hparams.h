// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"

namespace kvscope::model {

/// The dimensions of a model, read from a GGUF header and checked (no weights needed). Names as in GGUF keys.
struct Hparams {
    std::string architecture;  ///< general.architecture
    std::string name;          ///< general.name, or the file's stem
    std::uint32_t nLayers = 0;
    std::uint32_t nEmbd = 0;
    std::uint32_t nVocab = 0;
    std::uint32_t nCtxTrained = 0;
    std::vector<std::uint32_t> nHeads;    ///< query heads, one a layer
    std::vector<std::uint32_t> nKvHeads;  ///< KV heads, one a layer
    std::vector<std::uint32_t> nFf;       ///< feed-forward width, one a layer
    std::uint32_t headDimK = 0;
    std::uint32_t headDimV = 0;
    std::uint32_t ropeDims = 0;
    float rmsEps = 0;
    float ropeBase = 10000;

    /// Bytes that one token adds to an f16 cache as the architecture stores it: Σ_layers nKvHeads (dK + dV) · 2.
    [[nodiscard]] std::uint64_t cacheBytesPerTokenF16() const;
    /// The same if every query head had its own rows.
    [[nodiscard]] std::uint64_t cacheBytesPerTokenMhaF16() const;
};

/// Reads and checks the header keys; every count is bound to what the file holds. Errors name file, key and value.
[[nodiscard]] Result<Hparams> readHparams(const gguf::File& file);

}  // namespace kvscope::model
