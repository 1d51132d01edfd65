// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"
#include "engine/reference/weights.h"

namespace kvscope::reference {

/// Whether query head `head` of `layer` at position `query` may see the row at `key` (key <= query holds already), for
/// rows of single tokens. The causal mask, native windows and selections act besides it. This is how a masking policy
/// (sinks + window) is computed exactly.
using Visible = std::function<bool(std::uint32_t layer, std::uint32_t head, std::uint64_t query, std::uint64_t key)>;

struct RunOptions {
    bool allLogits = true;  ///< logits of every token, else of the last one
    bool layers = false;    ///< keep what each layer's attention saw and gave
    Visible visible;        ///< empty: everything that the causal mask shows
};

/// What one layer's attention read and gave for the tokens of a run, f32.
struct LayerRows {
    std::vector<float> q;      ///< (tokens, nHeads, key size), after rotation
    std::vector<float> k;      ///< (tokens, kvHeads, key size), after rotation; empty in a layer that borrows its rows
    std::vector<float> v;      ///< (tokens, kvHeads, value size); the same
    std::vector<float> heads;  ///< (tokens, nHeads, value size): outputs of the heads, as the attention gives them
    std::vector<std::vector<std::uint32_t>> selected;  ///< a token's rows that an indexer chose, ascending
};

struct RunOutput {
    std::vector<float> logits;      ///< (tokens or 1, nVocab)
    std::vector<LayerRows> layers;  ///< one a layer when asked for
};

/// What a sequence remembers: rows by stream, and every token's input of each compressor.
struct Cached {
    struct Rows {
        std::vector<float> k;
        std::vector<float> v;
    };
    /// A compressor's inputs; it pools them anew at each block's end, whatever ring an engine keeps.
    struct Inputs {
        std::vector<float> value;
        std::vector<float> gate;
    };
    std::vector<Rows> streams;   ///< as program.layout.streams
    std::vector<Inputs> states;  ///< as program.layout.states
    std::size_t length = 0;      ///< tokens
};

/// The exact forward pass: interprets a program on the CPU with weights and cached rows in f32 and every sum in
/// double. Shares no code with kernels, encodings or the cache. Copies share the weights and own their rows, so a copy
/// is a fork of the sequence. One thread at a time.
class Forward {
  public:
    static Result<Forward> create(const gguf::File& file, const model::Program& program);

    /// Appends `tokens` (at least one) to the sequence. Error (BadUsage) for an id outside the vocabulary.
    Result<RunOutput> run(std::span<const std::int32_t> tokens, const RunOptions& options = {});

    /// Tokens of the sequence so far.
    [[nodiscard]] std::size_t length() const { return m_cached.length; }
    /// Forgets all tokens from `length` on.
    void truncate(std::size_t length);
    /// (rows, kvHeads, keyDim) after rotation, and (rows, kvHeads, valueDim), of a stream of program().layout: of a
    /// layer where each has one stream. No values where a stream keeps them in its keys.
    [[nodiscard]] std::span<const float> keyRows(std::uint32_t stream) const { return m_cached.streams[stream].k; }
    [[nodiscard]] std::span<const float> valueRows(std::uint32_t stream) const { return m_cached.streams[stream].v; }
    [[nodiscard]] const model::Program& program() const { return *m_program; }

  private:
    std::shared_ptr<const model::Program> m_program;
    std::shared_ptr<const Weights> m_weights;
    Cached m_cached;
};

}  // namespace kvscope::reference
