// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/model/key_reader.h"
#include "engine/model/operations.h"
#include "engine/model/rope_scaling.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// What the rotation and the attention of a layer need beside its dimensions.
struct AttentionSpec {
    RopePairing pairing = RopePairing::Halves;
    const RopeTable* rope = nullptr;
    double scale = 0;  ///< of the scores; 0 = 1 / sqrt(key size)
    float softcap = 0;
};

/// A mixture of experts: sizes and routing. Blocks::readExperts fills it.
struct ExpertSpec {
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
    std::uint32_t nFf = 0;
    Gating gating = Gating::Softmax;
    bool normalise = true;
    float scale = 1;
    std::uint32_t groups = 1;
    std::uint32_t groupsUsed = 1;
    Activation activation = Activation::Silu;
    float clamp = 0;
    float logitScale = 1;        ///< multiplies ffn_gate_inp
    std::uint32_t sharedFf = 0;  ///< width of the shared experts together, 0 = none
    float sharedClamp = 0;
    Slot logits = Slot::Free;  ///< experts
    Slot route = Slot::Free;   ///< 2 · used
    Slot hidden = Slot::Free;  ///< used · nFf
    Slot shared = Slot::Free;  ///< sharedFf
};

/// The parts that architectures are made of. Each call takes its tensors by name, checks them and appends operations.
/// The first error is kept and makes every later call do nothing, so that an architecture reads as its forward pass;
/// done() hands the error on. "STEM" is a tensor's name without ".weight".
class Blocks {
  public:
    Blocks(const gguf::File& file, TensorTable& tensors, Program& program);

    [[nodiscard]] const Hparams& h() const { return m_program->hparams; }
    [[nodiscard]] Program& program() { return *m_program; }
    [[nodiscard]] const KeyReader& keys() const { return m_keys; }
    [[nodiscard]] TensorTable& tensors() { return *m_tensors; }

    // errors and warnings
    [[nodiscard]] bool failed() const { return m_error.has_value(); }
    [[nodiscard]] Result<void> done() const;
    void failWith(Error error);
    void warn(std::string sentence) { m_program->warnings.push_back(std::move(sentence)); }
    /// The value, or T{} after keeping the error.
    template <typename T>
    T take(Result<T> result) {
        if (result) return std::move(*result);
        failWith(std::move(result.error()));
        return T{};
    }
    /// Warns when the file has a sliding window, which this architecture's users ignore.
    void ignoreWindow();

    // tensors
    [[nodiscard]] bool has(std::string_view name) const { return m_tensors->has(name); }
    TensorRef require(std::string_view name, TensorTable::Dims dims);
    TensorRef optional(std::string_view name, TensorTable::Dims dims);
    /// "STEM.weight" [width, rows] with its bias [rows] and scale where it has them.
    ProductPart part(const std::string& stem, View out, std::uint64_t width);
    /// "blk.LAYER.NAME"
    [[nodiscard]] static std::string stem(std::uint32_t layer, std::string_view name);

    // views
    [[nodiscard]] View whole(Slot slot) const { return m_program->whole(slot); }
    [[nodiscard]] View query(std::uint32_t layer) const;
    [[nodiscard]] View key(std::uint32_t layer) const;
    [[nodiscard]] View value(std::uint32_t layer) const;
    [[nodiscard]] View attention(std::uint32_t layer) const;
    [[nodiscard]] bool ownsRows(std::uint32_t layer) const { return h().sourceLayers[layer] == layer; }

    // operations
    void add(Operation operation);
    /// Hidden = scale · token_embd[token]
    void embed(float scale = 1);
    /// STEM.weight is the gain, as wide as a group (0: the view).
    void norm(View in, View out, const std::string& stem, std::uint32_t groupWidth = 0);
    /// Normed = norm of Hidden
    void preNorm(std::uint32_t layer, std::string_view name);
    /// Hidden += norm of Normed
    void addNormed(std::uint32_t layer, std::string_view name);
    void product(View in, ProductPart part, bool addTo = false);
    /// attn_q, attn_k, attn_v of Normed, or the fused attn_qkv; only queries in a layer that borrows its rows.
    void queryKeyValue(std::uint32_t layer);
    /// attn_q_norm and attn_k_norm over each head.
    void headNorms(std::uint32_t layer);
    /// Rotates queries and keys, appends the layer's rows and attends to them.
    void attend(std::uint32_t layer, const AttentionSpec& spec);
    /// out (+)= attn_output of the heads
    void attentionOutput(std::uint32_t layer, Slot out, bool addTo);
    /// FeedForward = act(ffn_gate Normed) · (ffn_up Normed), then out (+)= ffn_down of it.
    void feedForward(std::uint32_t layer, Activation activation, Slot out, bool addTo);
    /// out = act(gate in) · (up in), `gate` and `up` being parts of matrices; their `out` is not used. One operation
    /// where kernels can read both at once, three otherwise.
    void gated(View in, View out, ProductPart gate, ProductPart up, Activation activation);
    /// output_norm and the head (output, or token_embd), with a soft cap above 0.
    void head(float softcap = 0);

    // rotation
    /// Frequencies of `dims` values for this base, by the file's scaling keys and the table of factors in the file.
    RopeTable rope(std::uint32_t dims, double base);
    /// The same without scaling and factors.
    [[nodiscard]] static RopeTable plainRope(std::uint32_t dims, double base);

    // mixture of experts
    /// Reads {arch}.expert_… and adds the slots; feed_forward_length stands in for expert_feed_forward_length.
    ExpertSpec readExperts(bool normaliseByDefault);
    /// Chooses experts by ffn_gate_inp of `in` (with exp_probs_b.bias and ffn_down_exps.scale where they exist), or by
    /// token from `table` [used, nVocab].
    void route(std::uint32_t layer, const ExpertSpec& spec, View in, TensorRef table = {});
    /// out (+)= the chosen experts of `in`.
    void experts(std::uint32_t layer, const ExpertSpec& spec, View in, View out, bool addTo);
    /// Reads expert_shared_count and adds the slot.
    void readSharedExperts(ExpertSpec& spec);
    /// out += the shared experts of `in`, by ffn_gate_shexp, ffn_up_shexp and ffn_down_shexp; nothing without any.
    void sharedExperts(std::uint32_t layer, const ExpertSpec& spec, View in, View out);

  private:
    [[nodiscard]] View qkvView(std::uint32_t layer, std::uint32_t part) const;
    std::string ropeFactors(const RopeScaling& scaling);
    [[nodiscard]] bool sameType(TensorRef a, TensorRef b) const;

    const gguf::File* m_file;
    TensorTable* m_tensors;
    Program* m_program;
    KeyReader m_keys;
    std::optional<Error> m_error;
    TensorRef m_embedding;
    std::optional<Slot> m_up;  ///< second product of a feed-forward part, where one operation cannot make both
};

}  // namespace kvscope::model
