// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/json.h"
#include "engine/runtime/session.h"

namespace kvscope::cli {

/// One scored token: the logits at `position` against the token that follows.
struct Score {
    std::uint32_t position = 0;  ///< in its chunk
    double nll = 0;              ///< nats
    double nllExact = 0;         ///< of `exact` on the same tokens, when it runs beside
    double kl = 0;               ///< KL(exact ‖ policy)
    bool sameTop = true;
};

/// How a chunk is fed.
struct FeedPlan {
    std::uint32_t prefill = 0;    ///< tokens in prefill chunks; the rest goes one a step
    std::uint32_t scoreFrom = 0;  ///< first position whose logits are scored, up to the one before the last
    std::uint32_t chunk = 64;     ///< prefill chunk
};

/// Feeds chunks of text to a session and scores them; a second session, under `exact`, may go along in lockstep.
class ChunkScorer {
  public:
    ChunkScorer(runtime::Session& session, runtime::Session* exact, FeedPlan plan)
        : m_session(session), m_exact(exact), m_plan(plan) {}

    /// Scores one chunk as a sequence of its own, which is removed again.
    Result<void> score(std::span<const text::TokenId> tokens, const std::stop_token& stop);

    [[nodiscard]] std::span<const Score> scores() const { return m_scores; }
    /// Events of the policy so far.
    [[nodiscard]] std::uint64_t decisions() const { return m_decisions; }

  private:
    Result<void> feed(std::span<const text::TokenId> tokens, runtime::SequenceId id, const std::stop_token& stop);
    Result<std::uint32_t> stepBoth(runtime::SequenceId id, std::uint32_t chunk, const std::stop_token& stop);
    void take(std::span<const text::TokenId> tokens, std::uint32_t first, std::uint32_t count);

    runtime::Session& m_session;
    runtime::Session* m_exact;
    FeedPlan m_plan;
    std::vector<Score> m_scores;
    std::uint64_t m_decisions = 0;
};

/// Mean with its standard error (sample standard deviation / sqrt(n); NaN below two values), median, 99th percentile
/// (linear between ranks) and maximum; NaN without values.
struct Statistics {
    double mean = 0, standardError = 0, median = 0, p99 = 0, maximum = 0;
};
[[nodiscard]] Statistics statistics(std::vector<double> values);

/// [{from, to, tokens, nll}] over positions in steps of `width`.
[[nodiscard]] Json byPosition(std::span<const Score> scores, std::uint32_t width);

}  // namespace kvscope::cli
