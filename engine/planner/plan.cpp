// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/plan.h"

#include <algorithm>
#include <array>

#include "engine/base/checked.h"

namespace kvscope::planner {
namespace {

using model::CacheStream;
using model::RowRole;

/// Error unless every size and every count of operations at kMostTokens stays far below 2^64: what is computed after
/// this needs no further checks.
Result<void> checkMagnitude(const PlanRequest& request, const model::CacheLayout& layout) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 60U;
    // an f32 row with its position, pages twice as many as needed, and the page tables; operations of a layer
    constexpr std::uint64_t kBytesOfValue = 64;
    std::optional<std::uint64_t> sum = 0;
    const auto add = [&sum](std::uint64_t heads, std::uint64_t width, std::uint64_t times) {
        auto product = checkedMul(heads, width + 1);
        for (const std::uint64_t factor : {kBytesOfValue, 2 * Planner::kMostTokens, times}) {
            product = product ? checkedMul(*product, factor) : std::nullopt;
        }
        sum = sum && product ? checkedAdd(*sum, *product) : std::nullopt;
    };
    for (const CacheStream& stream : layout.streams) {
        add(stream.kvHeads, std::uint64_t{stream.keyDim} + stream.valueDim, request.sequences);
    }
    const model::Hparams& h = request.hparams;
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const std::uint64_t latent = std::uint64_t{h.kvLoraRank} + h.ropeDims;
        add(h.nHeads[layer], std::uint64_t{h.keyDims[layer]} + h.valueDims[layer] + latent, request.sequences);
        add(h.indexerHeads, h.indexerKeyLength, request.sequences);
    }
    for (const model::DecodeState& state : layout.states) add(1, state.values(), 1);
    if (sum && *sum < kMost) return {};
    return fail(ErrorKind::BadFile, "plan", "a cache of {} tokens of these dimensions is beyond any memory",
                Planner::kMostTokens);
}

Result<void> checkRequest(const PlanRequest& request) {
    if (request.sequences == 0 || request.sequences > Planner::kMostSequences) {
        return fail(ErrorKind::BadUsage, "sequences", "the number is {}; 1 to {} are possible", request.sequences,
                    Planner::kMostSequences);
    }
    if (request.chunk == 0 || request.chunk > 512) {
        return fail(ErrorKind::BadUsage, "chunk", "the size is {}; 1 to 512 are possible", request.chunk);
    }
    return {};
}

/// The stream of a layer of which an indexer selects rows: the compressed ones, or the latent where nothing is
/// compressed.
bool isSelected(const CacheStream& stream, const std::vector<CacheStream>& streams) {
    const auto has = [&](RowRole role) {
        return std::ranges::any_of(streams,
                                   [&](const CacheStream& s) { return s.layer == stream.layer && s.role == role; });
    };
    if (!has(RowRole::Index)) return false;
    return stream.role == RowRole::Compressed || (stream.role == RowRole::Latent && !has(RowRole::Compressed));
}

}  // namespace

Result<Planner> Planner::create(PlanRequest request) {
    Planner planner;
    if (auto checked = checkRequest(request); !checked) return forward(checked);
    planner.m_layout = model::cacheLayout(request.hparams);
    if (planner.m_layout.streams.empty()) {
        return fail(ErrorKind::BadFile, "plan", "the model has no layer that caches rows");
    }
    if (auto checked = checkMagnitude(request, planner.m_layout); !checked) return forward(checked);
    cache::Validation validation = request.policy.validate(request.hparams, planner.m_layout);
    if (!validation.errors.empty()) return std::unexpected(validation.errors.front());
    planner.m_remarks = std::move(validation.remarks);
    for (const CacheStream& stream : planner.m_layout.streams) {
        planner.m_formats.push_back(request.policy.format(stream, request.hparams.ropeDims));
    }
    planner.m_request = std::move(request);
    return planner;
}

StreamPlan Planner::streamPlan(std::size_t index, std::uint64_t context) const {
    StreamPlan plan;
    plan.stream = m_layout.streams[index];
    plan.encoding = m_formats[index].encoding;
    plan.rows = m_request.policy.rowsAt(plan.stream, context);
    plan.rowsRead = plan.rows;
    const std::uint64_t topK = m_request.hparams.indexerTopK;
    if (topK != 0 && isSelected(plan.stream, m_layout.streams)) plan.rowsRead = std::min(plan.rows, topK);
    plan.rowBytes = plan.stream.kvHeads * m_formats[index].rowBytes();
    plan.bytes = plan.rows * plan.rowBytes;
    plan.bytesRead = plan.rowsRead * plan.rowBytes;
    return plan;
}

std::uint64_t Planner::flopsOf(const LayerPlan& plan) const {
    const model::Hparams& h = m_request.hparams;
    std::uint64_t sum = 0;
    for (const StreamPlan& rows : plan.streams) {
        const CacheStream& stream = rows.stream;
        const bool index = stream.role == RowRole::Index;
        const std::uint64_t heads = index ? h.indexerHeads : h.nHeads[plan.layer];
        const std::uint64_t values = index ? 0 : stream.valueDim != 0 ? stream.valueDim : stream.sharedValue;
        sum += heads * rows.rowsRead * (stream.keyDim + values) * 2;
    }
    return sum;
}

LayerPlan Planner::layerPlan(std::uint32_t layer, std::uint64_t context) const {
    LayerPlan plan{.layer = layer, .source = m_layout.source[layer]};
    for (std::size_t i = 0; i < m_layout.streams.size(); ++i) {
        if (m_layout.streams[i].layer != plan.source) continue;
        plan.streams.push_back(streamPlan(i, context));
        plan.bytesRead += plan.streams.back().bytesRead;
        if (plan.owns()) plan.bytes += plan.streams.back().bytes;
    }
    for (const model::DecodeState& state : m_layout.states) {
        if (state.layer == layer) plan.stateBytes += state.values() * sizeof(float);
    }
    plan.flops = flopsOf(plan);
    return plan;
}

Roofline Planner::rooflineOf(const Plan& plan) const {
    Roofline roof;
    if (!m_request.bandwidth) return roof;
    const auto cacheBytes = static_cast<double>(plan.bytesRead);
    if (plan.bytesRead > 0) roof.cacheTokensPerS = *m_request.bandwidth / cacheBytes;
    if (!m_request.weights) return roof;
    const double moving = (cacheBytes + static_cast<double>(m_request.weights->bytes)) / *m_request.bandwidth;
    const auto operations =
        static_cast<double>(plan.attentionFlops) + 2.0 * static_cast<double>(m_request.weights->values.value_or(0));
    const double computing = m_request.flops ? operations / *m_request.flops : 0;
    if (moving <= 0 && computing <= 0) return roof;
    roof.tokensPerS = 1 / std::max(moving, computing);
    roof.limit = computing > moving ? "compute" : "bandwidth";
    return roof;
}

Result<Plan> Planner::at(std::uint64_t context) const {
    if (context == 0 || context > kMostTokens) {
        return fail(ErrorKind::BadUsage, "context", "the length is {}; 1 to {} tokens are possible", context,
                    kMostTokens);
    }
    const std::uint64_t sequences = m_request.sequences;
    Plan plan{.context = context};
    for (std::uint32_t layer = 0; layer < m_request.hparams.nLayers; ++layer) {
        LayerPlan made = layerPlan(layer, context);
        plan.cacheBytes += made.bytes * sequences;
        plan.stateBytes += made.stateBytes * sequences;
        plan.bytesRead += made.bytesRead;
        plan.attentionFlops += made.flops;
        plan.layers.push_back(std::move(made));
    }
    const bool bounded = !m_request.policy.keep().all;
    for (std::size_t i = 0; i < m_layout.streams.size(); ++i) {
        const CacheStream& stream = m_layout.streams[i];
        if (bounded || stream.window != 0) continue;
        const std::uint64_t row = stream.kvHeads * m_formats[i].rowBytes();
        plan.bytesPerToken += static_cast<double>(row) / stream.tokensPerRow;
    }
    plan.nativeF16Bytes = m_layout.bytesF16(context) * sequences;
    plan.mhaF16Bytes = m_request.hparams.cacheBytesPerTokenMhaF16() * context * sequences;
    AllocationRequest allocation{.tokens = context, .sequences = sequences};
    allocation.contextLength = std::max(context, m_request.contextLength.value_or(context));
    allocation.promptTokens = m_request.promptTokens.value_or(context);
    allocation.chunk = m_request.chunk;
    allocation.columns = std::max<std::uint64_t>(m_request.chunk, 16);
    plan.allocation = allocate(m_layout, m_formats, m_request.policy.keep(), allocation);
    plan.roofline = rooflineOf(plan);
    return plan;
}

model::Hparams withoutSharing(model::Hparams hparams) {
    for (std::uint32_t layer = 0; layer < hparams.nLayers; ++layer) hparams.sourceLayers[layer] = layer;
    return hparams;
}

model::Hparams withoutWindows(model::Hparams hparams) {
    hparams.windows.assign(hparams.nLayers, 0);
    return hparams;
}

}  // namespace kvscope::planner
