// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/hparams.h"

namespace kvscope::model {

/// What the rows of a stream are.
enum class RowRole : std::uint8_t {
    Attention,   ///< keys and values of a KV head
    Latent,      ///< one latent for all heads, keys and values in one (MLA, a shared K=V head)
    Compressed,  ///< one row for a block of tokens, keys and values in one
    Index,       ///< keys of an indexer that selects rows; attention does not read them
};
/// "attention", "latent", …
[[nodiscard]] const char* name(RowRole role);

/// Rows that one layer caches: a pool of pages in the engine, a line in the planner.
struct CacheStream {
    std::uint32_t layer = 0;
    RowRole role = RowRole::Attention;
    std::uint32_t kvHeads = 1;
    std::uint32_t keyDim = 0;       ///< elements of a key row
    std::uint32_t valueDim = 0;     ///< elements of a value row beside it; 0 = values are the first elements of the key
    std::uint32_t sharedValue = 0;  ///< how many elements of the key are the value, when valueDim is 0
    std::uint32_t window = 0;       ///< native window in tokens: older rows are dropped; 0 = none
    std::uint32_t tokensPerRow = 1;  ///< tokens that one row stands for; a row appears when its last token arrived

    /// Rows of a head after `tokens` tokens.
    [[nodiscard]] std::uint64_t rowsAt(std::uint64_t tokens) const;
    /// Elements of one row of all heads.
    [[nodiscard]] std::uint64_t elementsPerRow() const { return std::uint64_t{kvHeads} * (keyDim + valueDim); }
};

/// f32 numbers that decoding needs beside the rows, per sequence (the ring of a compressor).
struct DecodeState {
    std::uint32_t layer = 0;
    std::string what;               ///< "compressor"
    std::uint64_t tokens = 0;       ///< how many of the newest tokens it holds
    std::uint64_t tokenValues = 0;  ///< numbers of one token
    [[nodiscard]] std::uint64_t values() const { return tokens * tokenValues; }
};

/// What an architecture caches natively, before any policy.
struct CacheLayout {
    std::vector<CacheStream> streams;  ///< ordered by layer
    std::vector<DecodeState> states;
    std::vector<std::uint32_t> source;  ///< layer -> the layer whose rows it reads

    /// Σ_streams rows · elements · 2: the native f16 cache of one sequence of `tokens` tokens, without decode state.
    [[nodiscard]] std::uint64_t bytesF16(std::uint64_t tokens) const;
};

/// The layout of a model from its dimensions alone: from a header, or from a preset of the planner.
[[nodiscard]] CacheLayout cacheLayout(const Hparams& hparams);

}  // namespace kvscope::model
