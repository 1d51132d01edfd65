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
    std::uint32_t headDimK = 0;           ///< of the widest layer
    std::uint32_t headDimV = 0;
    std::uint32_t ropeDims = 0;
    float rmsEps = 0;
    float ropeBase = 10000;

    // what differs by layer; filled with the values above unless the architecture says otherwise
    std::vector<std::uint32_t> keyDims;       ///< head size of keys, one a layer
    std::vector<std::uint32_t> valueDims;     ///< head size of values, one a layer
    std::vector<std::uint32_t> windows;       ///< native sliding window in tokens, 0 = full attention, one a layer
    std::vector<std::uint32_t> sourceLayers;  ///< the layer whose K and V a layer reads (itself, or an earlier one)

    // one latent for all heads (MLA)
    std::uint32_t kvLoraRank = 0;  ///< 0 = keys and values a head
    // compressed attention and indexers
    std::vector<std::uint32_t> compressRatios;  ///< tokens of a compressed row, 0 = window only; empty = none at all
    std::uint32_t indexerHeads = 0;
    std::uint32_t indexerKeyLength = 0;
    std::uint32_t indexerTopK = 0;

    /// Bytes that one token adds to an f16 cache as the architecture stores it, inside every window: Σ of
    /// cacheLayout()'s streams, nKvHeads (dK + dV) · 2 / tokens a row.
    [[nodiscard]] std::uint64_t cacheBytesPerTokenF16() const;
    /// The same if every layer and query head had its own rows, and there was no latent and no compression.
    [[nodiscard]] std::uint64_t cacheBytesPerTokenMhaF16() const;
    /// Fills the vectors for each layer from the scalars where they are empty.
    void fillLayers();
};

/// Reads and checks the header keys; every count is bound to what the file holds. Errors name file, key and value.
[[nodiscard]] Result<Hparams> readHparams(const gguf::File& file);

}  // namespace kvscope::model
