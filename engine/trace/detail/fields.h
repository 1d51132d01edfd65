// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "engine/trace/records.h"

namespace kvscope::trace::detail {

/// A column of a table, of a CSV file and a key of a JSON line: one name everywhere, its unit, one sentence.
struct Field {
    const char* name;
    const char* unit;
    const char* what;
};

/// A sequence number whose value kAllSequences is shown as -1 outside of the program.
template <typename T>
struct SequenceField {
    T& value;
};
template <typename T>
SequenceField(T&) -> SequenceField<T>;

/// One line of table `traffic`.
struct TrafficRow {
    TrafficCategory category = TrafficCategory::Weights;
    TrafficEntry entry;
};
/// One line of table `policy_switches`.
struct PolicySwitchRow {
    std::string policy;
};

template <typename T, typename Record>
concept Is = std::same_as<std::remove_const_t<T>, Record>;

// fields(visitor, record) calls visitor(Field, member) for each member in the order of the columns. The visitors create
// tables, bind, load, print and digest: this file is the only list of what is recorded.

void fields(auto& v, Is<RunInfo> auto& r) {
    v(Field{"model_name", "", "name in the model file"}, r.modelName);
    v(Field{"model_path", "", "file that was opened"}, r.modelPath);
    v(Field{"architecture", "", "architecture of the model file"}, r.architecture);
    v(Field{"model_bytes", "B", "size of the model file"}, r.modelBytes);
    v(Field{"weight_types", "", "tensor types and how many tensors of each"}, r.weightTypes);
    v(Field{"n_layers", "", "layers"}, r.nLayers);
    v(Field{"n_heads", "", "query heads of a layer"}, r.nHeads);
    v(Field{"n_kv_heads", "", "KV heads of a layer"}, r.nKvHeads);
    v(Field{"head_dim", "", "values of one head's row"}, r.headDim);
    v(Field{"vocabulary", "", "tokens of the vocabulary"}, r.vocabulary);
    v(Field{"trained_context", "rows", "context the model was trained on"}, r.trainedContext);
    v(Field{"context_length", "rows", "rows that this run may reach"}, r.contextLength);
    v(Field{"chunk", "tokens", "prefill chunk"}, r.chunk);
    v(Field{"policy_requested", "", "cache policy as asked for"}, r.policyRequested);
    v(Field{"policy_effective", "", "cache policy that ran at the start"}, r.policyEffective);
    v(Field{"math_mode", "", "precise or fast"}, r.mathMode);
    v(Field{"seed", "", "seed of the sampler; values from 2^63 on appear negative in SQL"}, r.seed);
    v(Field{"device_name", "", "Vulkan device"}, r.deviceName);
    v(Field{"device_uuid", "", "its UUID"}, r.deviceUuid);
    v(Field{"driver", "", "its driver"}, r.driver);
    v(Field{"device_is_cpu", "", "1 when the device is a CPU implementation"}, r.deviceIsCpu);
    v(Field{"copy_bytes_per_second", "B/s", "measured copy bandwidth, 0 = not measured"}, r.copyBytesPerSecond);
    v(Field{"error_every", "steps", "error probe every n steps, 0 = off"}, r.errorEvery);
    v(Field{"bytes_per_token_native_f16", "B", "f16 cache bytes a token as the architecture stores it"},
      r.bytesPerTokenNativeF16);
    v(Field{"bytes_per_token_mha_f16", "B", "f16 cache bytes a token if every query head had its own rows"},
      r.bytesPerTokenMhaF16);
    v(Field{"layers", "",
            "JSON: what each layer caches natively: source, heads, kv_heads, key_dim, value_dim, window, ratio"},
      r.layers);
    v(Field{"started_at", "", "ISO 8601, UTC"}, r.startedAt);
    v(Field{"program", "", "program and version"}, r.program);
}

void fields(auto& v, Is<StepRecord> auto& r) {
    v(Field{"step", "", "number of the step in the run"}, r.step);
    v(Field{"phase", "", "prefill or decode"}, r.phase);
    v(Field{"tokens", "", "columns of the step"}, r.tokens);
    v(Field{"sequences", "", "sequences active in it"}, r.sequences);
    v(Field{"position", "rows", "rows that sequence 0 has seen after the step"}, r.position);
    v(Field{"host_ns", "ns", "wall time"}, r.hostNs);
    v(Field{"gpu_ns", "ns", "device time, 0 = not measured"}, r.gpuNs);
    v(Field{"dispatches", "", "dispatches"}, r.dispatches);
    v(Field{"submissions", "", "queue submissions"}, r.submissions);
    v(Field{"instrumented", "", "1 when the error probe ran: times are no speed figures"}, r.instrumented);
    v(Field{"policy_index", "", "which of the run's policies was active, 0 = the first"}, r.policyIndex);
}

void fields(auto& v, Is<TokenRecord> auto& r) {
    v(Field{"sequence", "", "sequence"}, SequenceField{r.sequence});
    v(Field{"position", "", "position in the sequence"}, r.position);
    v(Field{"token", "", "token id"}, r.token);
    v(Field{"generated", "", "1 when sampled, 0 when given"}, r.generated);
    v(Field{"log_probability_nats", "nats", "log-probability under the model"}, r.logProbability);
    v(Field{"text", "", "bytes of the token (may be part of a character)"}, r.text);
}

void fields(auto& v, Is<OccupancyRecord> auto& r) {
    v(Field{"sequence", "", "sequence, -1 = whole session"}, SequenceField{r.sequence});
    v(Field{"logical_rows", "rows", "rows that sequences may refer to, over layers and KV heads"}, r.logicalRows);
    v(Field{"physical_rows", "rows", "rows in memory, shared ones once"}, r.physicalRows);
    v(Field{"bytes_allocated", "B", "device buffers of pages"}, r.bytesAllocated);
    v(Field{"bytes_used", "B", "bytes of the physical rows, K and V"}, r.bytesUsed);
    v(Field{"bytes_native_f16", "B", "f16 cache as the architecture stores it; savings count from here"},
      r.bytesNativeF16);
    v(Field{"bytes_mha_f16", "B", "f16 cache with own rows for every query head and layer"}, r.bytesMhaF16);
    v(Field{"bytes_index", "B", "page tables and positions"}, r.bytesIndex);
    v(Field{"bytes_held", "B", "exact rows kept aside for the error probe"}, r.bytesHeld);
}

void fields(auto& v, Is<TrafficRow> auto& r) {
    v(Field{"category", "", "weights, kv_read, kv_written, index or activations"}, r.category);
    v(Field{"bytes_read_requested", "B", "bytes that the loads ask for"}, r.entry.readRequested);
    v(Field{"bytes_read_unique", "B", "bytes of distinct addresses"}, r.entry.readUnique);
    v(Field{"bytes_written", "B", "bytes written"}, r.entry.written);
}

void fields(auto& v, Is<KernelRecord> auto& r) {
    v(Field{"kernel", "", "name of the kernel"}, r.kernel);
    v(Field{"dispatches", "", "dispatches of it in the step"}, r.dispatches);
    v(Field{"bytes_read_requested", "B", "bytes that the loads ask for"}, r.bytesRead);
    v(Field{"bytes_read_unique", "B", "bytes of distinct addresses"}, r.bytesUnique);
    v(Field{"bytes_written", "B", "bytes written"}, r.bytesWritten);
    v(Field{"gpu_ns", "ns", "device time, 0 = not measured"}, r.gpuNs);
    v(Field{"flops", "", "2 x multiply-adds"}, r.flops);
}

void fields(auto& v, Is<DecisionRecord> auto& r) {
    v(Field{"sequence", "", "sequence, -1 = all"}, SequenceField{r.sequence});
    v(Field{"layer", "", "layer, -1 = all"}, r.layer);
    v(Field{"kv_head", "", "KV head, -1 = all"}, r.kvHead);
    v(Field{"axis", "", "share, encode, keep, read or native"}, r.axis);
    v(Field{"kind", "", "share, unshare, merge, evict, compress, promote, demote or policy_switch"}, r.kind);
    v(Field{"method", "", "member name of the policy"}, r.method);
    v(Field{"text", "", "the decision as a sentence"}, r.text);
    v(Field{"rows", "rows", "rows it concerns"}, r.rows);
    v(Field{"position_first", "", "first position"}, r.positionFirst);
    v(Field{"position_last", "", "last position"}, r.positionLast);
    v(Field{"score", "", "score that decided"}, r.score);
    v(Field{"threshold", "", "what it was compared with"}, r.threshold);
    v(Field{"predicted_error", "", "error the method predicted"}, r.predictedError);
    v(Field{"verified_error", "", "error measured on exact rows"}, r.verifiedError);
    v(Field{"bytes", "B", "bytes freed (positive) or taken (negative)"}, r.bytes);
}

void fields(auto& v, Is<LaneRecord> auto& r) {
    v(Field{"sequence", "", "sequence"}, SequenceField{r.sequence});
    v(Field{"kl_nats", "nats", "KL(exact || approximate) of the next-token distributions"}, r.kl);
    v(Field{"same_top", "", "1 when both lanes rank the same token first"}, r.sameTop);
    v(Field{"nll_nats", "nats", "-log p of the next token in this lane"}, r.nll);
    v(Field{"nll_exact_nats", "nats", "the same in the exact lane"}, r.nllExact);
}

void fields(auto& v, Is<PolicySwitchRow> auto& r) {
    v(Field{"policy", "", "effective policy from this step on"}, r.policy);
}

}  // namespace kvscope::trace::detail
