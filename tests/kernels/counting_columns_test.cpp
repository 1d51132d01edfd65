// SPDX-License-Identifier: Apache-2.0
// Traffic figures of the kernels that work on columns, mix streams, choose experts and compress.
#include <fmt/format.h>

#include "engine/kernels/compressed.h"
#include "engine/kernels/elementwise.h"
#include "shaders/shared/constants.h"
#include "tests/kernels/column_tables.h"
#include "tests/kernels/counting_fixture.h"
#include "tests/support/cache_fixture.h"

namespace kvscope::test {
namespace {

constexpr std::uint32_t kWeights = shared::kCatWeights;
constexpr std::uint32_t kIndex = shared::kCatIndex;
constexpr std::uint32_t kActivations = shared::kCatActivations;

TEST_F(Counting, MapsCopiesAndColumns) {
    for (const ColumnPlaces places : {ColumnPlaces{1, 4}, ColumnPlaces{3, 1008}}) {
        const InputColumns a(device(), places, 1);
        const InputColumns b(device(), places, 2);
        OutputColumns out(device(), places);
        const vulkan::Buffer gain = bufferOf(device(), normals(4, 3));
        for (const std::uint32_t kind : {shared::kMapAdd, shared::kMapTanh, shared::kMapGain}) {
            const kernels::MapArgs args{.kind = kind,
                                        .a = a.view(),
                                        .b = b.view(),
                                        .out = out.view(),
                                        .gain = &gain,
                                        .gainWidth = 4,
                                        .width = places.width,
                                        .columns = places.columns};
            UniqueOf unique{{kActivations, {0}}};
            if (kind == shared::kMapAdd) unique[kActivations].push_back(1);
            if (kind == shared::kMapGain) unique[kWeights] = {2};
            const auto dispatch = must(kernels::map(countingLibrary(), args));
            check(dispatch, dispatch.traffic, unique, fmt::format("map {} of {}", kind, places.width));
        }
        const kernels::ColumnStatsArgs stats{
            .in = a.view(), .other = b.view(), .out = out.view(), .width = places.width, .columns = places.columns};
        const auto match = must(kernels::matchNorm(countingLibrary(), stats));
        check(match, match.traffic, {{kActivations, {0, 1}}}, "match_norm");
        const auto sparse = must(kernels::sparse(countingLibrary(), stats));
        check(sparse, sparse.traffic, {{kActivations, {0}}}, "sparse");
        const kernels::NormArgs norm{.in = a.view(),
                                     .out = out.view(),
                                     .gain = &gain,
                                     .width = 4,
                                     .groups = places.width / 4,
                                     .columns = places.columns};
        const auto groups = must(kernels::norm(countingLibrary(), norm));
        check(groups, groups.traffic, {{kActivations, {0}}, {kWeights, {1}}}, "norm of groups");
    }
    for (const std::uint32_t inStep : {9U, 0U}) {
        const InputColumns in(device(), {3, 40}, 4);
        OutputColumns out(device(), {3, 40});
        const kernels::CopyHeadsArgs args{
            .in = in.view(), .out = out.view(), .heads = 4, .width = 5, .inStep = inStep, .outStep = 7, .columns = 3};
        const auto dispatch = must(kernels::copyHeads(countingLibrary(), args));
        check(dispatch, dispatch.traffic, {{kActivations, {0}}}, fmt::format("copy_heads step {}", inStep));
    }
}

TEST_F(Counting, MixedStreams) {
    for (const std::uint32_t width : {1U, 33U, 1007U}) {
        const InputColumns in(device(), {3, 4 * width}, 5);
        const InputColumns coefficients(device(), {3, 24}, 6);
        const InputColumns addend(device(), {3, width}, 7);
        OutputColumns out(device(), {3, 4 * width});
        kernels::StreamMixArgs args{.in = in.view(), .out = out.view(), .coefficients = coefficients.view()};
        args.width = width;
        args.inputs = args.outputs = 4;
        args.rowStep = 1;
        args.columnStep = 4;
        args.vector = 16;
        args.columns = 3;
        const auto run = [&](const std::string& what, std::vector<std::uint32_t> bindings) {
            const auto dispatch = must(kernels::streamMix(countingLibrary(), args));
            check(dispatch, dispatch.traffic, {{kActivations, bindings}},
                  fmt::format("stream_mix of {}, {}", width, what));
        };
        run("matrix", {0, 1});
        args.addend = addend.view();
        run("matrix and addend", {0, 1, 2});
        args.useMatrix = false;
        args.identity = true;
        run("itself and addend", {0, 1, 2});
        args = {.in = in.view(), .out = out.view(), .coefficients = coefficients.view()};
        args.width = width;
        args.inputs = 3;
        args.matrix = 2;
        args.columnStep = 1;
        args.addTo = true;
        args.columns = 3;
        run("added", {0, 1, 3});
    }
}

TEST_F(Counting, CoefficientsOfHyperConnections) {
    const vulkan::Buffer base = bufferOf(device(), normals(24, 8));
    const vulkan::Buffer scale = bufferOf(device(), normals(3, 9));
    for (const std::uint32_t iterations : {0U, 20U}) {
        for (const std::uint32_t columns : {1U, 70U}) {
            const ColumnPlaces places{columns, iterations == 0 ? 4U : 24U};
            const InputColumns in(device(), places, 10);
            OutputColumns out(device(), places);
            kernels::HyperArgs args{.in = in.view(), .out = out.view(), .base = &base, .scale = &scale};
            args.iterations = iterations;
            args.columns = columns;
            const auto dispatch = must(kernels::hyper(countingLibrary(), args));
            check(dispatch, dispatch.traffic, {{kActivations, {0}}, {kWeights, {1, 2}}},
                  fmt::format("hyper, {} steps, {} columns", iterations, columns));
        }
    }
}

TEST_F(Counting, ChoiceOfExperts) {
    const vulkan::Buffer bias = bufferOf(device(), normals(16, 11));
    const vulkan::Buffer gain = bufferOf(device(), normals(16, 12));
    std::vector<std::uint32_t> ids;
    for (std::uint32_t i = 0; i < 7 * 3; ++i) ids.push_back(i % 16);
    const vulkan::Buffer table = bufferOf(device(), ids);
    for (const std::uint32_t gating :
         {shared::kGateSoftmax, shared::kGateSigmoid, shared::kGateSelected, shared::kGateSoftplus}) {
        for (const std::uint32_t groups : {1U, 4U}) {
            for (const bool byTable : {false, true}) {
                if (byTable && groups > 1) continue;
                const std::vector<std::uint32_t> info{5, 0, 0, 0};
                const vulkan::Buffer columnInfo = bufferOf(device(), info);
                const InputColumns in(device(), {1, 16}, 13);
                OutputColumns out(device(), {1, 6});
                kernels::RouteArgs args{.columnInfo = &columnInfo, .in = in.view(), .out = out.view()};
                args.bias = &bias;
                args.gain = &gain;
                if (byTable) args.table = &table;
                args.experts = 16;
                args.used = 3;
                args.groups = groups;
                args.groupsUsed = 2;
                args.gating = gating;
                const auto dispatch = must(kernels::route(countingLibrary(), args));
                UniqueOf unique{{kActivations, {1, 5}}, {kWeights, {2, 3, 4}}};
                if (byTable) unique[kIndex] = {0};
                check(dispatch, dispatch.traffic, unique,
                      fmt::format("route gating {}, {} groups, table {}", gating, groups, byTable));
            }
        }
    }
}

TEST_F(Counting, ChoiceOfExpertsForManyColumns) {
    const vulkan::Buffer gain = bufferOf(device(), normals(16, 12));
    const vulkan::Buffer columnInfo = bufferOf(device(), std::vector<std::uint32_t>(70 * 4));
    const InputColumns in(device(), {70, 16}, 14);
    OutputColumns out(device(), {70, 6});
    kernels::RouteArgs args{.columnInfo = &columnInfo, .in = in.view(), .out = out.view(), .gain = &gain};
    args.experts = 16;
    args.used = 3;
    const ColumnPlaces places{70, 6};
    args.columns = places.columns;
    const auto dispatch = must(kernels::route(countingLibrary(), args));
    check(dispatch, dispatch.traffic, {{kActivations, {1, 5}}, {kWeights, {4}}}, "route of 70 columns");
}

TEST_F(Counting, Compressors) {
    for (const bool overlap : {false, true}) {
        for (const std::uint32_t first : {0U, 9U}) {
            const std::uint32_t columns = 9;
            const std::uint32_t channels = overlap ? 66 : 33;
            const InputColumns values(device(), {columns, channels}, 15);
            const InputColumns gates(device(), {columns, channels}, 16);
            OutputColumns out(device(), {columns, 33});
            std::vector<std::uint32_t> info;
            for (std::uint32_t c = 0; c < columns; ++c) info.insert(info.end(), {7U, first + c, 1U, 0U});
            const vulkan::Buffer columnInfo = bufferOf(device(), info);
            const vulkan::Buffer ape = bufferOf(device(), normals(std::size_t{4} * channels, 17));
            const vulkan::Buffer ring = bufferOf(device(), std::vector<float>(std::size_t{2} * 24 * 2 * channels));
            kernels::CompressArgs args{.columnInfo = &columnInfo, .value = values.view(), .gate = gates.view()};
            args.out = out.view();
            args.ape = &ape;
            args.ring = &ring;
            args.ringTokens = 24;
            args.width = 33;
            args.ratio = 4;
            args.overlap = overlap;
            args.columns = columns;
            args.blocks = 2;  // that end at tokens 3 and 7, or 11 and 15
            args.firstBlocks = first == 0 ? 1 : 0;
            const std::string what = fmt::format("overlap {}, from token {}", overlap, first);
            const auto store = must(kernels::compressStore(countingLibrary(), args));
            check(store, store.traffic, {{kIndex, {0}}, {kActivations, {1, 2}}, {kWeights, {3}}},
                  "compress_store " + what);
            check(must(kernels::compressPool(countingLibrary(), args)),
                  kernels::compressPoolTraffic(countingLibrary(), args), {{kIndex, {0, 1}}}, "compress_pool " + what);
        }
    }
}

TEST_F(Counting, ScoresAndChoiceOfRows) {
    for (const char* key : {"f16", "q8_0"}) {
        for (const std::uint32_t rows : {1U, 33U, 300U}) {
            const HandCache cache(device(), {.key = key, .headDim = 64, .kvHeads = 1, .rows = {rows}});
            const std::vector<std::uint32_t> at{rows / 2, rows};
            const vulkan::Buffer info = cache.columns(device(), at);
            const InputColumns query(device(), {2, 3 * 64}, 18);
            const InputColumns weights(device(), {2, 3}, 19);
            const std::uint32_t capacity = rows + 12;
            const vulkan::Buffer scores = bufferOf(device(), std::vector<float>(std::size_t{2} * capacity));
            const vulkan::Buffer lists = bufferOf(device(), std::vector<std::uint32_t>(2 * 9));
            kernels::SelectArgs args{.shape = cache.shape(), .cache = cache.view(&info), .query = query.view()};
            args.weights = weights.view();
            args.scores = &scores;
            args.lists = &lists;
            args.capacity = capacity;
            args.heads = 3;
            args.topK = 8;
            args.columns = 2;
            const std::vector<std::uint32_t> counts{rows, rows};
            const std::vector<std::uint32_t> visible{rows / 2 + 1, rows};
            const std::string what = fmt::format("{} rows of {}", rows, key);
            check(must(kernels::indexScores(countingLibrary(), args)),
                  kernels::indexScoresTraffic(countingLibrary(), args, counts),
                  {{shared::kCatKvRead, {3}}, {kIndex, {0, 1, 2}}, {kActivations, {4, 5}}}, "index_scores " + what);
            check(must(kernels::indexSelect(countingLibrary(), args)),
                  kernels::indexSelectTraffic(countingLibrary(), args, counts, visible), {{kIndex, {0, 1, 3}}},
                  "index_select " + what);
        }
    }
}

}  // namespace
}  // namespace kvscope::test
