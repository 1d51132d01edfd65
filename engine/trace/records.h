// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kvscope::trace {

/// Version of the record types and of the .kvtrace tables; raised with every change, older files stay readable.
inline constexpr int kSchemaVersion = 2;

/// The four axes of a policy (design 2), plus what is none of them. Also the key of the axis colours.
enum class Axis : std::uint8_t { Share = 0, Encode, Keep, Read, Native };

/// What happened in a decision event (design 3).
enum class DecisionKind : std::uint8_t { Share = 0, Unshare, Merge, Evict, Compress, Promote, Demote, PolicySwitch };

/// Traffic categories (design 3).
enum class TrafficCategory : std::uint8_t { Weights = 0, KvRead, KvWritten, Index, Activations };
inline constexpr std::size_t kTrafficCategories = 5;

/// Per-head figures of the layer × head map (design 10). Occupancy and traffic are per KV head, the others per query
/// head.
enum class HeadMetric : std::uint8_t {
    ResidentRows = 0,  ///< KV head: rows in the cache
    BytesUsed,         ///< KV head: bytes of those rows, K and V
    KvReadBytes,       ///< KV head: bytes of K and V rows read in this step
    ErrorRelL2,        ///< query head: ‖approx − exact‖ / ‖exact‖ of the head's output
    ErrorCosine,       ///< query head: cosine of approximate and exact output
    MassRecall,        ///< query head: softmax mass of the exact distribution on the rows read
    AttentionKl,       ///< query head: KL(approximate ‖ exact) of the attention distributions, nats
    CompressedRows,    ///< KV head: rows that stand for blocks of tokens
    IndexRows,         ///< KV head: keys of the layer's indexer
    SelectedRows,      ///< KV head: compressed rows that the newest query chose
};
inline constexpr std::size_t kHeadMetrics = 10;
/// "resident_rows", … as in tables, CSV and JSON.
[[nodiscard]] const char* name(HeadMetric metric);
[[nodiscard]] const char* name(TrafficCategory category);
[[nodiscard]] const char* name(Axis axis);
[[nodiscard]] const char* name(DecisionKind kind);
/// True for metrics with one value a KV head, false for one a query head.
[[nodiscard]] bool isPerKvHead(HeadMetric metric);
/// "rows", "B", "", "nats": the metric's unit.
[[nodiscard]] const char* unit(HeadMetric metric);

/// What ran: written once at the start of a run.
struct RunInfo {
    std::string modelName;
    std::string modelPath;
    std::string architecture;
    std::uint64_t modelBytes = 0;
    std::string weightTypes;  ///< "Q8_0 ×43, F32 ×13"
    std::uint32_t nLayers = 0;
    std::uint32_t nHeads = 0;  ///< query heads of the widest layer
    std::uint32_t nKvHeads = 0;
    std::uint32_t headDim = 0;
    std::uint32_t vocabulary = 0;
    std::uint32_t trainedContext = 0;
    std::uint32_t contextLength = 0;  ///< rows this run may reach
    std::uint32_t chunk = 0;          ///< prefill chunk, tokens
    std::string policyRequested;
    std::string policyEffective;
    std::string mathMode;  ///< "precise" or "fast"
    std::uint64_t seed = 0;
    std::string deviceName;
    std::string deviceUuid;
    std::string driver;
    bool deviceIsCpu = false;
    double copyBytesPerSecond = 0;  ///< measured in this process, 0 = not measured
    std::uint32_t errorEvery = 0;   ///< error probe every n steps, 0 = off
    std::uint64_t bytesPerTokenNativeF16 = 0;
    std::uint64_t bytesPerTokenMhaF16 = 0;
    std::string layers;     ///< JSON: an array with what each layer caches natively (runtime/layer_facts.h)
    std::string startedAt;  ///< ISO 8601, UTC
    std::string program;    ///< "kvscope 0.1.0"
};

enum class Phase : std::uint8_t { Prefill = 0, Decode };

/// One forward pass over one or more columns (tokens).
struct StepRecord {
    std::uint64_t step = 0;  ///< counts from 0 in a run
    Phase phase = Phase::Prefill;
    std::uint32_t tokens = 0;     ///< columns of this step
    std::uint32_t sequences = 0;  ///< sequences active in it
    std::uint64_t position = 0;   ///< of sequence 0 after the step: rows seen so far
    std::uint64_t hostNs = 0;     ///< wall time of the step
    std::uint64_t gpuNs = 0;      ///< from device timestamps, 0 = not measured
    std::uint32_t dispatches = 0;
    std::uint32_t submissions = 0;
    bool instrumented = false;      ///< error probe ran: times are no speed figures
    std::uint32_t policyIndex = 0;  ///< which of the run's policies (0 = the first)
};

/// A token that entered a sequence in this step.
struct TokenRecord {
    std::uint32_t sequence = 0;
    std::uint64_t position = 0;
    std::int32_t token = 0;
    bool generated = false;
    float logProbability = 0;  ///< of this token under the model, nats; NaN = not computed
    std::string text;          ///< bytes of the token (may be a part of a UTF-8 character)
};

/// Cache occupancy after a step, of one sequence or (sequence = kAllSequences) of the whole session.
inline constexpr std::uint32_t kAllSequences = 0xFFFFFFFFU;
struct OccupancyRecord {
    std::uint32_t sequence = kAllSequences;
    std::uint64_t logicalRows = 0;     ///< sum over layers and KV heads of rows a sequence may refer to
    std::uint64_t physicalRows = 0;    ///< rows that really lie in memory (shared ones once)
    std::uint64_t bytesAllocated = 0;  ///< device buffers of pages
    std::uint64_t bytesUsed = 0;       ///< bytes of the physical rows, K and V
    std::uint64_t bytesNativeF16 = 0;  ///< an f16 cache as the architecture stores it
    std::uint64_t bytesMhaF16 = 0;     ///< every query head its own rows, f16
    std::uint64_t bytesIndex = 0;      ///< page tables, positions
    std::uint64_t bytesHeld = 0;       ///< exact rows kept aside for the error probe
};

struct TrafficEntry {
    std::uint64_t readRequested = 0;
    std::uint64_t readUnique = 0;
    std::uint64_t written = 0;
};
/// Bytes moved in one step by category.
struct TrafficRecord {
    std::array<TrafficEntry, kTrafficCategories> byCategory{};
    [[nodiscard]] const TrafficEntry& at(TrafficCategory category) const {
        return byCategory.at(static_cast<std::size_t>(category));
    }
};
/// The same by kernel.
struct KernelRecord {
    std::string kernel;  ///< "attn_decode"
    std::uint32_t dispatches = 0;
    std::uint64_t bytesRead = 0;  ///< requested
    std::uint64_t bytesUnique = 0;
    std::uint64_t bytesWritten = 0;
    std::uint64_t gpuNs = 0;  ///< 0 = not measured
    std::uint64_t flops = 0;  ///< 2 × multiply-adds
};

/// One metric of all heads: values[layer * heads + head], heads = nKvHeads or nHeads by isPerKvHead(). NaN = unknown.
struct HeadMetricRecord {
    HeadMetric metric = HeadMetric::ResidentRows;
    std::uint32_t sequence = 0;
    std::vector<float> values;
};

/// One decision of the policy or the store.
struct DecisionRecord {
    std::uint32_t sequence = 0;
    std::int32_t layer = -1;   ///< -1 = all
    std::int32_t kvHead = -1;  ///< -1 = all
    Axis axis = Axis::Keep;
    DecisionKind kind = DecisionKind::Evict;
    std::string method;  ///< member name, "window"
    std::string text;    ///< "evict 1 row (position 4)"
    std::uint64_t rows = 0;
    std::uint64_t positionFirst = 0;
    std::uint64_t positionLast = 0;
    double score = 0;           ///< NaN = none
    double threshold = 0;       ///< NaN = none
    double predictedError = 0;  ///< NaN = none
    double verifiedError = 0;   ///< NaN = none
    std::int64_t bytes = 0;     ///< freed (positive) or taken (negative)
};

/// This lane against the lane `exact` on the same tokens.
struct LaneRecord {
    std::uint32_t sequence = 0;
    double kl = 0;        ///< KL(exact ‖ approximate) of the next-token distributions, nats
    bool sameTop = true;  ///< both rank the same token first
    double nll = 0;       ///< −log p of the next token under this lane (NaN while unknown)
    double nllExact = 0;
};

/// Everything that one step produced. Immutable once published; shared by ring, writer and GUI.
struct StepBundle {
    StepRecord step;
    std::vector<TokenRecord> tokens;
    std::vector<OccupancyRecord> occupancy;  ///< the session first, then each sequence
    TrafficRecord traffic;
    std::vector<KernelRecord> kernels;
    std::vector<HeadMetricRecord> heads;
    std::vector<DecisionRecord> decisions;
    std::vector<LaneRecord> lanes;
    std::string policySwitchedTo;  ///< effective text, when the policy changed before this step
};
using BundlePtr = std::shared_ptr<const StepBundle>;

}  // namespace kvscope::trace
