// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/policy/policy.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/sampler.h"
#include "engine/trace/records.h"

namespace kvscope::runtime {

/// Which probes run (design 3). What is off costs no dispatch.
struct ProbeOptions {
    bool occupancy = true;
    bool traffic = true;
    bool decisions = true;
    std::uint32_t errorEvery = 0;       ///< error probe on every n-th step, 0 = off
    bool kernelTimes = false;           ///< device timestamps around each dispatch
    std::uint64_t exactRowsBudget = 0;  ///< bytes for exact rows kept aside; 0 = a quarter of free host memory
};

struct SessionOptions {
    cache::CachePolicy policy;        ///< default: exact
    std::uint32_t contextLength = 0;  ///< rows a sequence may reach; 0 = what the model was trained on
    std::uint32_t chunk = 64;         ///< prefill chunk, tokens
    std::uint32_t cacheRowsCap = 0;   ///< upper bound of rows a head, all sequences; 0 = none
    ProbeOptions probes;
    std::uint64_t seed = 0;  ///< recorded with the run
    bool exactLane = false;  ///< run `exact` on the same tokens in lockstep: fills trace::LaneRecord
};

/// The error probe checked by the Eigen reference on one of 64 probed steps.
struct ReferenceCheck {
    std::uint64_t steps = 0;
    double worstDifference = 0;  ///< largest |relative L2 by the kernel − by the reference| over all heads and steps
};

using SequenceId = std::uint32_t;

struct SequenceState {
    SequenceId id = 0;
    std::vector<text::TokenId> tokens;  ///< prompt and generated
    std::uint32_t promptTokens = 0;
    std::uint32_t processed = 0;  ///< tokens whose rows were computed
    bool finished = false;        ///< end-of-generation token, or the context is full
};

/// Runs sequences over one Engine under one policy. Owned by the engine thread; every call is made there.
class Session {
  public:
    static Result<std::unique_ptr<Session>> create(Engine& engine, const SessionOptions& options);
    ~Session();

    /// Adds a sequence; its prompt is processed by the following steps. Tokens must be valid ids, at least one.
    Result<SequenceId> addSequence(std::span<const text::TokenId> prompt, const SamplerOptions& sampler);
    /// Appends given tokens to a sequence (teacher forcing, perplexity); they are processed by the following steps.
    Result<void> appendTokens(SequenceId id, std::span<const text::TokenId> tokens);
    /// Forgets a sequence and frees its pages.
    Result<void> removeSequence(SequenceId id);

    /// One forward pass: a prefill chunk of the first sequence that still has unprocessed prompt tokens, else one
    /// token of every unfinished sequence (decode). With `sample`, a sequence that has no unprocessed token left gets
    /// one from its sampler. Returns what the step produced; nullptr when there is nothing to do.
    Result<trace::BundlePtr> step(std::stop_token stop, bool sample = true);
    /// Feeds at most `limit` tokens of unprocessed input in the next steps (1 = one token a step).
    void setChunk(std::uint32_t limit);

    /// Logits (nVocab) of the sequence's last processed token.
    [[nodiscard]] Result<std::span<const float>> logits(SequenceId id) const;
    /// With true, steps also keep the logits of every column: allLogits() is (columns of the last step, nVocab).
    void keepAllLogits(bool keep);
    [[nodiscard]] std::span<const float> allLogits() const;
    [[nodiscard]] const SequenceState& sequence(SequenceId id) const;

    /// Switches the policy; acts forward: resident rows are re-encoded, evicted rows stay gone. The next step's bundle
    /// carries the event.
    Result<void> setPolicy(const cache::CachePolicy& policy);
    [[nodiscard]] const cache::CachePolicy& policy() const;
    /// The effective policy as text (what really runs), and remarks of validate().
    [[nodiscard]] std::string policyEffective() const;
    [[nodiscard]] std::span<const std::string> remarks() const;

    /// Changes which probes run from the next step on. Error: the error probe is asked for, but exact rows were not
    /// kept aside from the start of the session.
    Result<void> setProbes(const ProbeOptions& probes);
    [[nodiscard]] const ReferenceCheck& referenceCheck() const;
    /// Facts for the trace's head.
    [[nodiscard]] trace::RunInfo runInfo() const;

    struct Impl;
    [[nodiscard]] Impl& impl() { return *m_impl; }

  private:
    explicit Session(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::runtime
