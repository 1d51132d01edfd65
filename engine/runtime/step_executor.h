// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/store/region_store.h"
#include "engine/kernels/attention.h"
#include "engine/kernels/kernel_library.h"
#include "engine/probe/attention_error.h"
#include "engine/runtime/activations.h"
#include "engine/runtime/weights.h"
#include "engine/trace/records.h"

namespace kvscope::runtime {

/// One token of a step.
struct StepColumn {
    std::uint32_t sequence = 0;  ///< slot in the cell table
    std::uint32_t position = 0;
    std::int32_t token = 0;
    bool keepAside = false;  ///< its exact rows go to the error probe
};

struct StepRequest {
    std::span<const StepColumn> columns;  ///< columns of one sequence are neighbours with ascending positions
    std::uint32_t logitsFrom = 0;         ///< logits of columns logitsFrom … are wanted
    std::int32_t errorColumn = -1;        ///< column whose attention the error probe judges; -1 = none
    bool kernelTimes = false;
};

/// What a step did, for the probes.
struct StepOutcome {
    std::uint32_t dispatches = 0;
    std::uint32_t submissions = 0;
    std::uint64_t gpuNs = 0;  ///< 0 = not measured
    std::vector<trace::KernelRecord> kernels;
    kernels::Traffic traffic;
    std::vector<std::uint64_t>
        kvReadByHead;  ///< unique bytes of rows read, (layer, widest layer's KV heads), first sequence
};

/// Interprets a program with kernels: records its dispatches once for each shape of a step, replays them, and accounts
/// for their traffic. A step is one submission, or several where it is predicted to take longer than 50 ms; the stop
/// token is polled before each.
class StepExecutor {
  public:
    StepExecutor(kernels::KernelLibrary& library, const model::Program& program, const DeviceWeights& weights,
                 cache::RegionStore& store)
        : m_library(library), m_program(program), m_weights(weights), m_store(store) {}
    Result<void> init(std::uint32_t maxColumns);

    /// Runs the step; the store must have been prepared for exactly these columns.
    Result<StepOutcome> run(const StepRequest& request, probe::AttentionError& error, std::stop_token stop);
    /// (columns - logitsFrom, nVocab) of the last step.
    [[nodiscard]] std::span<const float> logits() const;
    [[nodiscard]] const Activations& activations() const { return m_activations; }
    /// Slots of the compressed rows that a column of the last step chose, by layer; empty without indexer.
    [[nodiscard]] std::map<std::uint32_t, std::span<const std::uint32_t>> selectedRows(std::size_t column) const;

  private:
    /// Traffic that depends on what the cache holds and on the step's columns.
    using TrafficOf = std::function<kernels::Traffic(std::span<const StepColumn>)>;
    struct Recorded {
        std::string kernel;
        bool probe = false;
        kernels::Traffic traffic;
        TrafficOf dynamic;  ///< empty: `traffic` it is
    };
    struct Segment {
        vulkan::CommandList list;
        std::size_t first = 0;  ///< index of its first dispatch
    };
    struct Shape {
        std::vector<Recorded> dispatches;
        std::vector<Segment> segments;
        std::uint64_t lastUse = 0;
    };
    struct Key {
        std::uint32_t columns, logitsFrom;
        std::int32_t errorColumn;
        bool singleSequence, keepAside, kernelTimes;
        auto operator<=>(const Key&) const = default;
    };
    struct Planned {
        kernels::Dispatch dispatch;
        Recorded info;
        double seconds = 0;  ///< predicted
    };
    /// Builds the dispatches of a shape, operation by operation.
    struct Builder;

    Result<Shape*> shapeFor(const Key& key, const probe::AttentionError& error);
    Result<void> record(Shape& shape, std::vector<Planned>& planned, bool kernelTimes);
    void writeInputs(std::span<const StepColumn> columns);
    void account(const Shape& shape, std::span<const StepColumn> columns, StepOutcome& outcome,
                 std::span<const std::uint64_t> times) const;
    [[nodiscard]] std::vector<std::uint64_t> readByHead(const StepColumn& column) const;
    [[nodiscard]] Activations::AttentionRoom attentionRoom() const;
    [[nodiscard]] kernels::Traffic joinTraffic(kernels::AttentionArgs args, std::span<const model::StreamRead> reads,
                                               std::uint32_t topK, std::span<const StepColumn> columns) const;
    /// Words from column to column of a layer's chosen slots.
    [[nodiscard]] std::uint32_t chosenStride(std::uint32_t layer) const;

    kernels::KernelLibrary& m_library;
    const model::Program& m_program;
    const DeviceWeights& m_weights;
    cache::RegionStore& m_store;
    Activations m_activations;
    std::map<Key, Shape> m_shapes;
    std::uint64_t m_generation = 0;
    std::uint64_t m_uses = 0;
    std::uint32_t m_logitColumns = 0;
};

}  // namespace kvscope::runtime
