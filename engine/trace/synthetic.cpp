// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/rng.h"

namespace kvscope::trace {

namespace {

constexpr std::uint32_t kChunk = 64;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<const char*, 12> kWords = {" the", " and", " of",  " light", " day",         " in",
                                                ",",    ".",    " was", " all",   " caf\xC3\xA9", "\n"};

/// The figures of a run at one step.
class Maker {
  public:
    Maker(const SyntheticOptions& options, std::uint64_t index)
        : m_o(options), m_index(index), m_rng(options.seed * 0x9E3779B9ULL + index) {}

    BundlePtr make() {
        makeStep();
        for (std::uint32_t s = 0; s < m_o.sequences; ++s) {
            addTokens(s);
            addLane(s);
            addDecisions(s);
            addHeads(s);
        }
        addOccupancy();
        addTraffic();
        if (m_o.policySwitchAt != 0 && m_index == m_o.policySwitchAt) m_b->policySwitchedTo = "encode=q8_0";
        return m_b;
    }

  private:
    [[nodiscard]] bool prefill() const { return m_index < m_o.prefillSteps; }
    [[nodiscard]] std::uint64_t position(std::uint64_t index) const {
        const std::uint64_t chunks = std::min<std::uint64_t>(index, m_o.prefillSteps);
        return chunks * kChunk + (index - chunks);
    }
    /// A number in [0, 1) that belongs to a head for the whole run.
    [[nodiscard]] double trait(std::uint32_t layer, std::uint32_t head) const {
        return Rng(m_o.seed + layer * 8191ULL + head * 131ULL + 7).uniform();
    }
    [[nodiscard]] std::uint64_t budget(std::uint32_t layer, std::uint32_t head) const {
        return 4 + static_cast<std::uint64_t>(m_o.budget * (0.5 + trait(layer, head)));
    }
    [[nodiscard]] std::uint64_t rows(std::uint32_t layer, std::uint32_t head) const {
        return std::min(m_after, budget(layer, head));
    }
    [[nodiscard]] std::uint64_t rowBytes() const { return std::uint64_t{4} * m_o.headDim; }
    [[nodiscard]] std::uint64_t allRows() const {
        std::uint64_t sum = 0;
        for (std::uint32_t l = 0; l < m_o.nLayers; ++l) {
            for (std::uint32_t h = 0; h < m_o.nKvHeads; ++h) sum += rows(l, h);
        }
        return sum;
    }

    void makeStep();
    void addTokens(std::uint32_t sequence);
    void addLane(std::uint32_t sequence);
    void addDecisions(std::uint32_t sequence);
    void addHeads(std::uint32_t sequence);
    void addErrors(std::uint32_t sequence);
    void addOccupancy();
    void addTraffic();

    const SyntheticOptions& m_o;
    std::uint64_t m_index;
    Rng m_rng;
    std::uint64_t m_before = position(m_index);
    std::uint64_t m_after = position(m_index + 1);
    std::shared_ptr<StepBundle> m_b = std::make_shared<StepBundle>();
};

void Maker::makeStep() {
    StepRecord& s = m_b->step;
    s.step = m_index;
    s.phase = prefill() ? Phase::Prefill : Phase::Decode;
    s.tokens = static_cast<std::uint32_t>(m_after - m_before) * m_o.sequences;
    s.sequences = m_o.sequences;
    s.position = m_after;
    s.instrumented = m_o.errorEvery != 0 && m_index % m_o.errorEvery == 0;
    s.gpuNs = 2'000'000 + 400 * allRows() + m_rng.below(100'000);
    s.hostNs = s.gpuNs + 300'000 + m_rng.below(50'000);
    s.dispatches = 9 * m_o.nLayers + 3;
    s.submissions = 1;
    s.policyIndex = m_o.policySwitchAt != 0 && m_index >= m_o.policySwitchAt ? 1 : 0;
}

void Maker::addTokens(std::uint32_t sequence) {
    for (std::uint64_t p = m_before; p < m_after; ++p) {
        const std::size_t word = m_rng.below(kWords.size());
        m_b->tokens.push_back(
            {sequence, p, static_cast<std::int32_t>(word), !prefill(), -4 * m_rng.uniform(0, 1), kWords.at(word)});
    }
}

void Maker::addLane(std::uint32_t sequence) {
    const double lost = std::max(0.0, 1.0 - static_cast<double>(m_o.budget) / static_cast<double>(m_after));
    const double exact = 2 + m_rng.uniform();
    const double kl = lost * lost * 0.2 * m_rng.uniform();
    m_b->lanes.push_back({sequence, kl, m_rng.uniform() > kl, exact + kl, exact});
}

void Maker::addDecisions(std::uint32_t sequence) {
    if (prefill() || m_after <= m_o.budget) return;
    DecisionRecord d;
    d.sequence = sequence;
    d.layer = static_cast<std::int32_t>(m_rng.below(m_o.nLayers));
    d.kvHead = static_cast<std::int32_t>(m_rng.below(m_o.nKvHeads));
    d.method = "window";
    d.rows = 1;
    d.positionFirst = d.positionLast = m_after - m_o.budget;
    d.text = fmt::format("evict 1 row (position {})", d.positionFirst);
    d.score = m_rng.uniform();
    d.threshold = 0.5;
    d.predictedError = d.verifiedError = kNan;
    d.bytes = static_cast<std::int64_t>(rowBytes());
    m_b->decisions.push_back(std::move(d));
}

void Maker::addHeads(std::uint32_t sequence) {
    HeadMetricRecord resident{HeadMetric::ResidentRows, sequence, {}};
    HeadMetricRecord used{HeadMetric::BytesUsed, sequence, {}};
    HeadMetricRecord read{HeadMetric::KvReadBytes, sequence, {}};
    for (std::uint32_t l = 0; l < m_o.nLayers; ++l) {
        for (std::uint32_t h = 0; h < m_o.nKvHeads; ++h) {
            const auto n = static_cast<float>(rows(l, h));
            resident.values.push_back(n);
            used.values.push_back(n * static_cast<float>(rowBytes()));
            read.values.push_back(n * static_cast<float>(rowBytes()));
        }
    }
    for (HeadMetricRecord* record : {&resident, &used, &read}) m_b->heads.push_back(std::move(*record));
    if (m_b->step.instrumented) addErrors(sequence);
}

void Maker::addErrors(std::uint32_t sequence) {
    std::array<HeadMetricRecord, 4> records;
    for (std::size_t i = 0; i < 4; ++i) {
        records.at(i).metric = static_cast<HeadMetric>(static_cast<std::size_t>(HeadMetric::ErrorRelL2) + i);
        records.at(i).sequence = sequence;
    }
    const std::uint32_t group = std::max(1U, m_o.nHeads / std::max(1U, m_o.nKvHeads));
    for (std::uint32_t l = 0; l < m_o.nLayers; ++l) {
        for (std::uint32_t h = 0; h < m_o.nHeads; ++h) {
            const double kept = static_cast<double>(rows(l, std::min(h / group, m_o.nKvHeads - 1)));
            const double gone = 1 - kept / static_cast<double>(m_after);
            const double lost = gone * trait(l, h + 1000) * 0.5 * (0.8 + 0.4 * m_rng.uniform());
            records[0].values.push_back(static_cast<float>(lost));
            records[1].values.push_back(static_cast<float>(1 - lost * lost / 2));
            records[2].values.push_back(static_cast<float>(1 - lost));
            records[3].values.push_back(static_cast<float>(-std::log1p(-lost)));
        }
    }
    for (HeadMetricRecord& record : records) m_b->heads.push_back(std::move(record));
}

void Maker::addOccupancy() {
    OccupancyRecord one;
    one.logicalRows = one.physicalRows = allRows();
    one.bytesUsed = one.physicalRows * rowBytes();
    one.bytesAllocated = (one.bytesUsed / 65536 + 1) * 65536;
    one.bytesNativeF16 = m_after * m_o.nLayers * m_o.nKvHeads * rowBytes();
    one.bytesMhaF16 = m_after * m_o.nLayers * m_o.nHeads * rowBytes();
    one.bytesIndex = one.physicalRows * 4;
    OccupancyRecord all = one;
    for (std::uint64_t* figure : {&all.logicalRows, &all.physicalRows, &all.bytesAllocated, &all.bytesUsed,
                                  &all.bytesNativeF16, &all.bytesMhaF16, &all.bytesIndex}) {
        *figure *= m_o.sequences;
    }
    m_b->occupancy.push_back(all);
    for (std::uint32_t s = 0; s < m_o.sequences; ++s) {
        one.sequence = s;
        m_b->occupancy.push_back(one);
    }
}

void Maker::addTraffic() {
    const std::uint64_t weights = std::uint64_t{m_o.nLayers} * m_o.nHeads * m_o.headDim * m_o.nHeads * m_o.headDim * 12;
    const std::uint64_t kvRead = allRows() * rowBytes() * m_o.sequences;
    const std::uint64_t written = m_b->step.tokens * std::uint64_t{m_o.nLayers} * m_o.nKvHeads * rowBytes();
    const std::uint64_t index = allRows() * 4 * m_o.sequences;
    const std::uint64_t activations = m_b->step.tokens * std::uint64_t{m_o.nLayers} * m_o.nHeads * m_o.headDim * 40;
    m_b->traffic.byCategory = {{{weights, weights, 0},
                                {kvRead, kvRead, 0},
                                {0, 0, written},
                                {index, index, 0},
                                {activations, activations / 2, activations / 2}}};
    const std::uint64_t layers = m_o.nLayers;
    m_b->kernels.push_back(
        {"matmul_q8_0", m_o.nLayers * 7, weights, weights, 0, m_b->step.gpuNs * 6 / 10, weights * 2});
    m_b->kernels.push_back({"attn_decode", m_o.nLayers, kvRead + index, kvRead + index, layers * m_o.nHeads * 4,
                            m_b->step.gpuNs * 3 / 10, kvRead * 2});
    m_b->kernels.push_back({"kv_append", m_o.nLayers, written, written, written, m_b->step.gpuNs / 10, 0});
}

}  // namespace

RunInfo syntheticRun(const SyntheticOptions& o) {
    RunInfo run;
    run.modelName = "synthetic";
    run.modelPath = "synthetic.gguf";
    run.architecture = "llama";
    run.modelBytes = 4'000'000;
    run.weightTypes =
        "Q8_0 \xC3\x97"
        "29, F32 \xC3\x97"
        "9";
    run.nLayers = o.nLayers;
    run.nHeads = o.nHeads;
    run.nKvHeads = o.nKvHeads;
    run.headDim = o.headDim;
    run.vocabulary = kWords.size();
    run.trainedContext = 2048;
    run.contextLength =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(o.steps + 64ULL * o.prefillSteps, 1U << 30U));
    run.chunk = kChunk;
    run.policyRequested = run.policyEffective = fmt::format("keep=sinks(4)+window({})", o.budget);
    run.mathMode = "precise";
    run.seed = o.seed;
    run.deviceName = "none (synthetic run)";
    run.deviceUuid = "00000000-0000-0000-0000-000000000000";
    run.driver = "none";
    run.deviceIsCpu = true;
    run.copyBytesPerSecond = 8e9;
    run.errorEvery = o.errorEvery;
    run.bytesPerTokenNativeF16 = std::uint64_t{4} * o.headDim * o.nLayers * o.nKvHeads;
    run.bytesPerTokenMhaF16 = std::uint64_t{4} * o.headDim * o.nLayers * o.nHeads;
    run.startedAt = "2025-01-01T00:00:00Z";
    run.program = "kvscope synthetic";
    return run;
}

BundlePtr syntheticStep(const SyntheticOptions& options, std::uint64_t index) {
    return Maker(options, index).make();
}

History syntheticHistory(const SyntheticOptions& options) {
    History history(syntheticRun(options));
    for (std::uint64_t i = 0; i < options.steps; ++i) history.append(syntheticStep(options, i));
    return history;
}

}  // namespace kvscope::trace
