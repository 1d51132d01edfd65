// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/cold_read.h"
#include "app/cli/compile_time.h"
#include "app/cli/json.h"
#include "app/cli/model_options.h"
#include "app/cli/policy_options.h"
#include "app/cli/progress.h"
#include "engine/runtime/session.h"
#include "engine/runtime/weight_speed.h"

namespace kvscope::cli {

struct BenchSettings {
    ModelOptions model;
    PolicyOptions cache;
    std::vector<std::uint32_t> depths{0, 512, 2048};
    std::uint32_t tokens = 32;    ///< decoded a repeat
    std::uint32_t prefill = 128;  ///< prefilled a repeat
    std::uint32_t repeats = 5;
    std::uint32_t probeDepth = 512;
    bool noProbes = false, json = false;
    std::vector<std::string> weights;  ///< types, or "all": their speed is measured instead of steps
};

/// Mean and sample standard deviation.
struct MeanSd {
    double mean = 0, sd = 0;
};
[[nodiscard]] MeanSd meanSd(const std::vector<double>& values);
[[nodiscard]] double median(std::vector<double> values);

/// Steps that were timed with the host's clock, everything that a step does included.
struct Timed {
    double seconds = 0;
    std::uint64_t tokens = 0, steps = 0, dispatches = 0, submissions = 0;
    std::uint64_t hostNs = 0, gpuNs = 0;
    trace::TrafficRecord traffic;
    std::map<std::string, trace::KernelRecord> kernels;
    std::uint64_t cacheBytesAllocated = 0;  ///< after the last step
    void add(const Timed& other);
};

/// Figures at one depth.
struct DepthResult {
    std::uint32_t depth = 0;
    std::vector<double> prefillRates, decodeRates;  ///< tokens/s, one a repeat
    Timed prefill, decode;                          ///< summed over the repeats
    Timed kernelPass;                               ///< decode with device time stamps, apart
};

/// One setting of the probes against all off, tokens interleaved in this process.
struct ProbeCost {
    std::string name;
    std::vector<double> millisecondsPerToken;  ///< one a round
    std::vector<double> ratios;                ///< to the same round's "off"
};

struct BenchResult {
    std::vector<DepthResult> depths;
    std::vector<ProbeCost> probes;
    std::uint32_t probeDepth = 0;
    std::vector<runtime::WeightSpeed> weights;
    double loadSeconds = 0;     ///< from a file as cold as that of coldRead
    double loadCpuSeconds = 0;  ///< CPU time of the process meanwhile, all threads together
    ColdRead coldRead;
    CompileTime compile;
    double copyBytesPerSecond = 0;
    std::optional<std::uint64_t> peakPrivateBytes;
    std::uint64_t peakCacheBytes = 0;
};

/// Real tokens without end: a text, repeated.
class TokenSource {
  public:
    static Result<TokenSource> create(const text::Tokenizer& tokenizer);
    /// The first `count` tokens.
    [[nodiscard]] std::vector<text::TokenId> take(std::size_t count) const;

  private:
    std::vector<text::TokenId> m_first, m_rest;
};

/// What the parts of a benchmark share.
struct Bench {
    const BenchSettings& settings;
    runtime::Engine& engine;
    const TokenSource& tokens;
    const cache::CachePolicy& policy;
    std::stop_token stop;
    Progress& progress;
    BenchResult& result;

    [[nodiscard]] Result<std::unique_ptr<runtime::Session>> session(const runtime::ProbeOptions& probes,
                                                                    std::uint32_t rows) const;
    /// Steps until nothing waits; sampling is left out.
    Result<Timed> runPending(runtime::Session& session) const;
    /// Feeds `count` tokens one a step.
    Result<Timed> decode(runtime::Session& session, runtime::SequenceId id, std::uint32_t count) const;
    /// Feeds `count` tokens in prefill chunks.
    Result<Timed> prefill(runtime::Session& session, runtime::SequenceId id, std::uint32_t count) const;
    /// Remembers the highest memory so far.
    void noteMemory() const;
};

Result<void> measureSpeed(const Bench& bench);
Result<void> measureProbes(const Bench& bench);
Result<void> measureWeights(const Bench& bench);

[[nodiscard]] Json benchJson(const Bench& bench);
[[nodiscard]] std::string benchMarkdown(const Bench& bench);
[[nodiscard]] Json weightsJson(const BenchResult& result);
/// The table with a line before it, which tells whether times are CPU time; empty when nothing was measured.
[[nodiscard]] std::string weightsMarkdown(const BenchResult& result, bool cpuTime);

}  // namespace kvscope::cli
