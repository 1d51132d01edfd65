// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// Whether query head `head` of `layer` at position `query` may see the row at `key` (key <= query holds already). The
/// causal mask and native windows act besides it. This is how a masking policy (sinks + window) is computed exactly.
using Visible = std::function<bool(std::uint32_t layer, std::uint32_t head, std::uint64_t query, std::uint64_t key)>;

struct RunOptions {
    bool allLogits = true;  ///< logits of every token, else of the last one
    bool layers = false;    ///< keep what each layer's attention saw and gave
    Visible visible;        ///< empty: everything that the causal mask shows
};

/// What one layer's attention read and gave for the tokens of a run, f32.
struct LayerRows {
    std::vector<float> q;      ///< (tokens, nHeads, headDimK), after rotation
    std::vector<float> k;      ///< (tokens, nKvHeads, headDimK), after rotation
    std::vector<float> v;      ///< (tokens, nKvHeads, headDimV)
    std::vector<float> heads;  ///< (tokens, nHeads, headDimV): outputs of the heads, before attn_output
};

struct RunOutput {
    std::vector<float> logits;      ///< (tokens or 1, nVocab)
    std::vector<LayerRows> layers;  ///< one a layer when asked for
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
    [[nodiscard]] std::size_t length() const { return m_length; }
    /// Forgets all tokens from `length` on.
    void truncate(std::size_t length);
    /// (length, nKvHeads, headDimK) after rotation, and (length, nKvHeads, headDimV).
    [[nodiscard]] std::span<const float> keyRows(std::uint32_t layer) const { return m_rows[layer].k; }
    [[nodiscard]] std::span<const float> valueRows(std::uint32_t layer) const { return m_rows[layer].v; }
    [[nodiscard]] const model::Program& program() const { return *m_program; }

  private:
    struct Rows {
        std::vector<float> k;
        std::vector<float> v;
    };
    class Step;

    std::shared_ptr<const model::Program> m_program;
    std::shared_ptr<const Weights> m_weights;
    std::vector<Rows> m_rows;  ///< one a layer
    std::size_t m_length = 0;
};

}  // namespace kvscope::reference
