// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/step_executor.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/base/assert.h"
#include "engine/probe/traffic.h"
#include "engine/runtime/step_builder.h"
#include "shaders/shared/constants.h"

namespace kvscope::runtime {

namespace {

constexpr double kLongestSubmission = 0.05;  // seconds
constexpr std::size_t kKeptShapes = 24;

}  // namespace

Result<void> StepExecutor::init(std::uint32_t maxColumns) {
    std::uint32_t indexRows = 0;
    for (const cache::StreamShape& stream : m_store.shape().streams) {
        if (!stream.index) continue;
        indexRows = std::max(indexRows, m_store.shape().contextLength / stream.tokensPerRow + maxColumns);
    }
    auto made = Activations::create(m_library.device(), m_program, maxColumns, indexRows);
    if (!made) return forward(made);
    m_activations = std::move(*made);
    return {};
}

std::span<const float> StepExecutor::logits() const {
    const auto all = m_activations.logits.view<float>();
    return all.first(std::min(all.size(), std::size_t{m_logitColumns} * m_program.hparams.nVocab));
}

Result<void> StepExecutor::record(Shape& shape, std::vector<Planned>& planned, bool kernelTimes) {
    std::size_t at = 0;
    while (at < planned.size()) {
        std::size_t end = at;
        double seconds = 0;
        while (end < planned.size() && (end == at || seconds + planned[end].seconds <= kLongestSubmission)) {
            seconds += planned[end++].seconds;
        }
        auto list = vulkan::CommandList::begin(m_library.device(), static_cast<std::uint32_t>(end - at), kernelTimes);
        if (!list) return forward(list);
        for (std::size_t i = at; i < end; ++i) {
            if (auto done = m_library.record(*list, planned[i].dispatch); !done) return done;
            shape.dispatches.push_back(std::move(planned[i].info));
        }
        if (auto done = list->end(); !done) return done;
        shape.segments.push_back({std::move(*list), at});
        at = end;
    }
    return {};
}

Result<StepExecutor::Shape*> StepExecutor::shapeFor(const Key& key, const probe::AttentionError& error) {
    const auto replaced = m_activations.ensure(m_library.device(), key.columns - key.logitsFrom, attentionRoom());
    if (!replaced) return forward(replaced);
    if (*replaced || m_generation != m_store.generation()) {
        m_shapes.clear();
        m_generation = m_store.generation();
    }
    if (const auto found = m_shapes.find(key); found != m_shapes.end()) {
        found->second.lastUse = ++m_uses;
        return &found->second;
    }
    if (m_shapes.size() >= kKeptShapes) {
        m_shapes.erase(std::ranges::min_element(m_shapes, {}, [](const auto& s) { return s.second.lastUse; }));
    }
    Builder builder{*this, key, error, {}};
    if (auto built = builder.build(); !built) return forward(built);
    Shape shape;
    if (auto recorded = record(shape, builder.planned, key.kernelTimes); !recorded) return forward(recorded);
    shape.lastUse = ++m_uses;
    return &(m_shapes[key] = std::move(shape));
}

void StepExecutor::writeInputs(std::span<const StepColumn> columns) {
    auto info = m_activations.columns.view<std::uint32_t>();
    for (std::size_t c = 0; c < columns.size(); ++c) {
        info[c * shared::kColumnWords] = static_cast<std::uint32_t>(columns[c].token);
        info[c * shared::kColumnWords + 1] = columns[c].position;
        info[c * shared::kColumnWords + 2] = columns[c].sequence;
        info[c * shared::kColumnWords + 3] = columns[c].keepAside ? 1 : 0;
    }
    std::vector<bool> written(m_activations.ropeTables.size(), false);
    for (std::size_t i = 0; i < m_program.operations.size(); ++i) {
        const auto* rope = std::get_if<model::RopeOp>(&m_program.operations[i]);
        if (rope == nullptr || written[m_activations.ropeTableOf[i]]) continue;
        written[m_activations.ropeTableOf[i]] = true;
        auto table = m_activations.ropeTables[m_activations.ropeTableOf[i]].view<float>();
        const std::size_t pairs = rope->frequencies.size();
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const std::uint32_t position = columns[c].position / rope->positionStep * rope->positionStep;
            for (std::size_t p = 0; p < pairs; ++p) {
                const double angle = position * rope->frequencies[p];
                table[(c * pairs + p) * 2] = static_cast<float>(std::cos(angle) * static_cast<double>(rope->magnitude));
                table[(c * pairs + p) * 2 + 1] =
                    static_cast<float>(std::sin(angle) * static_cast<double>(rope->magnitude));
            }
        }
    }
}

Result<StepOutcome> StepExecutor::run(const StepRequest& request, probe::AttentionError& error, std::stop_token stop) {
    const auto columns = request.columns;
    KVS_ASSERT(!columns.empty() && request.logitsFrom < columns.size());
    Key key{};
    key.columns = static_cast<std::uint32_t>(columns.size());
    key.logitsFrom = request.logitsFrom;
    key.errorColumn = error.present() ? request.errorColumn : -1;
    key.singleSequence =
        std::ranges::all_of(columns, [&](const StepColumn& c) { return c.sequence == columns.front().sequence; });
    key.keepAside = error.present() && std::ranges::any_of(columns, &StepColumn::keepAside);
    key.kernelTimes = request.kernelTimes;
    auto shape = shapeFor(key, error);
    if (!shape) return forward(shape);
    writeInputs(columns);
    StepOutcome outcome;
    std::vector<std::uint64_t> times;
    for (Segment& segment : (*shape)->segments) {
        if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "the step was cancelled");
        if (auto done = segment.list.submitAndWait(); !done) return forward(done);
        if (!request.kernelTimes) continue;
        auto measured = segment.list.dispatchNs();
        if (!measured) return forward(measured);
        times.insert(times.end(), measured->begin(), measured->end());
    }
    m_logitColumns = key.columns - key.logitsFrom;
    outcome.submissions = static_cast<std::uint32_t>((*shape)->segments.size());
    outcome.dispatches = static_cast<std::uint32_t>((*shape)->dispatches.size());
    account(**shape, columns, outcome, times);
    return outcome;
}

Activations::AttentionRoom StepExecutor::attentionRoom() const {
    Activations::AttentionRoom room;
    for (const model::Operation& operation : m_program.operations) {
        const auto* attend = std::get_if<model::AttendOp>(&operation);
        if (attend == nullptr) continue;
        std::uint64_t splits = 0;
        for (const model::StreamRead& read : attend->reads) splits += m_store.splitCapacity(read.stream);
        const std::uint32_t valueDim = m_store.shape().streams[attend->reads.front().stream].valueDim;
        room.values = std::max(room.values, splits * attend->heads * valueDim);
        room.sums = std::max(room.sums, splits * attend->heads);
    }
    return room;
}

std::map<std::uint32_t, std::span<const std::uint32_t>> StepExecutor::selectedRows(std::size_t column) const {
    std::map<std::uint32_t, std::span<const std::uint32_t>> rows;
    for (const auto& [layer, list] : m_activations.chosen) {
        const std::uint32_t stride = chosenStride(layer);
        const auto one = list.view<std::uint32_t>().subspan(column * stride, stride);
        rows[layer] = one.subspan(1, std::min<std::size_t>(one.front(), stride - 1));
    }
    return rows;
}

std::uint32_t StepExecutor::chosenStride(std::uint32_t layer) const {
    for (const model::Operation& operation : m_program.operations) {
        const auto* select = std::get_if<model::SelectOp>(&operation);
        if (select != nullptr && select->layer == layer) return 1 + select->topK;
    }
    return 1;
}

std::vector<std::uint64_t> StepExecutor::readByHead(const StepColumn& column) const {
    const std::uint32_t width = *std::ranges::max_element(m_program.hparams.nKvHeads);
    std::vector<std::uint64_t> bytes(std::size_t{m_program.hparams.nLayers} * width, 0);
    const auto add = [&](std::uint32_t layer, std::uint32_t stream, std::optional<std::uint32_t> chosen) {
        const kernels::AttentionShape shape = m_store.attentionShape(stream);
        for (std::uint32_t head = 0; head < m_store.cells().kvHeads(stream); ++head) {
            const cache::HeadRef ref{column.sequence, stream, head};
            const std::uint32_t rows = m_store.cells().slots(ref) - m_store.cells().firstSlot(ref);
            bytes[std::size_t{layer} * width + head] +=
                chosen ? *chosen * shape.rowBytes() : kernels::rowsUniqueBytes(shape, rows);
        }
    };
    std::map<std::uint32_t, std::uint32_t> topK;
    for (const model::Operation& operation : m_program.operations) {
        if (const auto* select = std::get_if<model::SelectOp>(&operation)) {
            topK[select->layer] = select->topK;
            add(select->layer, select->index, std::nullopt);
        }
        const auto* attend = std::get_if<model::AttendOp>(&operation);
        if (attend == nullptr) continue;
        for (const model::StreamRead& read : attend->reads) {
            const std::uint32_t step = m_store.shape().streams[read.stream].tokensPerRow;
            const std::uint32_t visible = (column.position + 1) / step;
            add(attend->layer, read.stream,
                read.selected ? std::optional(std::min(topK[attend->layer], visible)) : std::nullopt);
        }
    }
    return bytes;
}

void StepExecutor::account(const Shape& shape, std::span<const StepColumn> columns, StepOutcome& outcome,
                           std::span<const std::uint64_t> times) const {
    const bool measured = times.size() == shape.dispatches.size();
    for (std::size_t i = 0; i < shape.dispatches.size(); ++i) {
        const Recorded& recorded = shape.dispatches[i];
        const std::uint64_t ns = measured ? times[i] : 0;
        outcome.gpuNs += ns;
        const kernels::Traffic traffic = recorded.dynamic ? recorded.dynamic(columns) : recorded.traffic;
        probe::addDispatch(outcome.kernels, recorded.kernel, traffic, ns);
        if (!recorded.probe) outcome.traffic += traffic;
    }
    outcome.kvReadByHead = readByHead(columns.front());
}

}  // namespace kvscope::runtime
