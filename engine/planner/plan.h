// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/model/cache_layout.h"
#include "engine/model/hparams.h"
#include "engine/planner/allocation.h"
#include "engine/planner/plan_policy.h"
#include "engine/planner/weights_read.h"

namespace kvscope::planner {

/// What is planned: a model's dimensions, a policy, and what is known of weights and machine. Unknown = nothing.
struct PlanRequest {
    model::Hparams hparams;
    PlanPolicy policy;
    std::uint64_t chunk = 64;                    ///< prompt tokens of a step
    std::uint64_t sequences = 1;                 ///< that many caches of the same length
    std::optional<std::uint64_t> promptTokens;   ///< tokens that come in chunks; without it all
    std::optional<std::uint64_t> contextLength;  ///< that the session has room for; without it the planned context
    std::optional<WeightsRead> weights;          ///< that a decode step reads
    std::optional<double> bandwidth;             ///< bytes a second
    std::optional<double> flops;                 ///< operations a second
};

/// Rows of one stream of a layer.
struct StreamPlan {
    model::CacheStream stream;
    std::string encoding;
    std::uint64_t rows = 0;       ///< of a KV head, one sequence
    std::uint64_t rowsRead = 0;   ///< of them by the owner's query of one decode step
    std::uint64_t rowBytes = 0;   ///< of all KV heads
    std::uint64_t bytes = 0;      ///< rows × row bytes, one sequence
    std::uint64_t bytesRead = 0;  ///< by a layer in one decode step, each row once
};

/// One layer: the rows it owns, or those of another that it reads.
struct LayerPlan {
    std::uint32_t layer = 0;
    std::uint32_t source = 0;         ///< the layer whose rows it reads; itself when it owns them
    std::vector<StreamPlan> streams;  ///< of the source
    std::uint64_t bytes = 0;          ///< of own rows, one sequence; 0 for a borrower
    std::uint64_t stateBytes = 0;     ///< decode state, one sequence
    std::uint64_t bytesRead = 0;      ///< by one decode step
    std::uint64_t flops = 0;          ///< of attention and indexer in one decode step

    [[nodiscard]] bool owns() const { return source == layer; }
};

/// The least time of a decode step on a machine: bytes over bandwidth or operations over their rate, whichever is
/// longer.
struct Roofline {
    std::optional<double> tokensPerS;       ///< unknown while weights or bandwidth are
    std::optional<double> cacheTokensPerS;  ///< the bound that reading the cache alone sets
    std::string limit;                      ///< "bandwidth" or "compute", of tokensPerS; empty when unknown
};

/// The cache of all sequences after `context` tokens each, and one decode step of one sequence at that length.
struct Plan {
    std::uint64_t context = 0;
    std::uint64_t cacheBytes = 0;  ///< Σ rows · bytes of the encoding
    Allocation allocation;
    std::uint64_t nativeF16Bytes = 0;  ///< the same rows in f16 without a policy
    std::uint64_t mhaF16Bytes = 0;     ///< every layer and query head with rows of its own, no window
    std::uint64_t stateBytes = 0;
    double bytesPerToken = 0;     ///< that a further token of one sequence adds, beyond all windows
    std::uint64_t bytesRead = 0;  ///< of the cache by one decode step of one sequence
    std::uint64_t attentionFlops = 0;
    Roofline roofline;
    std::vector<LayerPlan> layers;
};

/// Plans of one model under one policy for any context.
class Planner {
  public:
    /// The longest context of a plan.
    static constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 24U;
    static constexpr std::uint64_t kMostSequences = 512;

    /// BadPolicy when the policy is illegal for the model or beyond a plan; BadFile when the dimensions are so large
    /// that sizes do not fit 64 bits; BadUsage for a chunk or a number of sequences out of range.
    static Result<Planner> create(PlanRequest request);

    /// The plan of a cache of `context` tokens, 1 to kMostTokens; BadUsage otherwise.
    [[nodiscard]] Result<Plan> at(std::uint64_t context) const;

    [[nodiscard]] const PlanRequest& request() const { return m_request; }
    [[nodiscard]] const model::CacheLayout& layout() const { return m_layout; }
    /// What the policy means for this model, a sentence each.
    [[nodiscard]] const std::vector<std::string>& remarks() const { return m_remarks; }

  private:
    [[nodiscard]] StreamPlan streamPlan(std::size_t index, std::uint64_t context) const;
    [[nodiscard]] LayerPlan layerPlan(std::uint32_t layer, std::uint64_t context) const;
    [[nodiscard]] std::uint64_t flopsOf(const LayerPlan& plan) const;
    [[nodiscard]] Roofline rooflineOf(const Plan& plan) const;

    PlanRequest m_request;
    model::CacheLayout m_layout;
    std::vector<RowFormat> m_formats;  ///< by stream
    std::vector<std::string> m_remarks;
};

/// The same model with rows of its own for every layer.
[[nodiscard]] model::Hparams withoutSharing(model::Hparams hparams);
/// The same model attending to everything.
[[nodiscard]] model::Hparams withoutWindows(model::Hparams hparams);

}  // namespace kvscope::planner
