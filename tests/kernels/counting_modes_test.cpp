// SPDX-License-Identifier: Apache-2.0
// Traffic figures of the kernels beyond the plain path of one stream: products over blocks and experts, attention over
// shared values, chosen slots, pages that are gone and a second stream.
#include <fmt/format.h>

#include <algorithm>

#include "engine/kernels/attention.h"
#include "shaders/shared/constants.h"
#include "tests/kernels/column_tables.h"
#include "tests/kernels/counting_fixture.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/device_matrices.h"

namespace kvscope::test {
namespace {

using kernels::MatMulArgs;

TEST_F(Counting, ProductsOfBlocks) {
    const DeviceMatrices loaded(device(), {TestMatrix::make("Q8_0", 3 * 37, 96, 1)});
    const InputColumns in(device(), {4, 3 * 96}, 2);
    for (const std::uint32_t inStep : {96U, 0U}) {
        for (const std::uint32_t tile : {1U, 4U}) {
            OutputColumns out(device(), {4, 3 * 37});
            MatMulArgs args{.weight = loaded.view(), .in = in.view(), .out = out.view()};
            args.columns = 4;
            args.tile = tile;
            args.blocks = 3;
            args.inStep = inStep;
            args.outStep = 37;
            const auto dispatch = must(kernels::matMul(countingLibrary(), args));
            check(dispatch, dispatch.traffic, {{shared::kCatWeights, {0}}, {shared::kCatActivations, {1}}},
                  fmt::format("mat_mul of three blocks, step {}, tile {}", inStep, tile));
        }
    }
}

TEST_F(Counting, ProductsOfExperts) {
    const DeviceMatrices loaded(device(), {TestMatrix::make("Q8_0", 5 * 2 * 18, 96, 3)});
    const InputColumns in(device(), {3, 96}, 4);
    for (const bool different : {true, false}) {
        // columns that share an expert load it again, but not other bytes
        const InputColumns routes(device(), {2, 2},
                                  different ? std::vector<float>{0, 4, 2, 1} : std::vector<float>{3, 1, 1, 3});
        const kernels::ColumnsView route = routes.view();
        OutputColumns out(device(), {2, 2 * 18});
        MatMulArgs args{.weight = loaded.view(), .in = in.view(), .out = out.view()};
        args.mode = kernels::ProductMode::Gated;
        args.columns = 2;
        args.blocks = 2;
        args.outStep = 18;
        args.route = &route;
        args.experts = 5;
        const auto dispatch = must(kernels::matMul(countingLibrary(), args));
        const UniqueOf unique{{shared::kCatWeights, {0}}, {shared::kCatActivations, {1, 4}}};
        kernels::Traffic said = dispatch.traffic;
        if (!different) {
            const auto counted = count(dispatch, unique);
            EXPECT_EQ(counted.category[shared::kCatWeights].unique * 2, said.category[shared::kCatWeights].unique)
                << "two experts instead of four: the figure is an upper bound";
            said.category[shared::kCatWeights].unique = counted.category[shared::kCatWeights].unique;
        }
        check(dispatch, said, unique, fmt::format("mat_mul of experts, different {}", different));
    }
}

/// One or two streams, read by columns of one sequence.
struct StreamsRun {
    StreamsRun(vulkan::Device& device, const std::vector<const HandCache*>& caches, std::uint32_t columns,
               std::vector<std::uint32_t> positions = {})
        : shape(caches.front()->shape()),
          query(device, {columns, shape.heads * shape.headDim}, 9),
          out(device, {columns, shape.heads * shape.valueDim}) {
        for (std::uint32_t i = 0; positions.size() < columns; ++i) positions.push_back(caches.front()->newest + i);
        info = caches.front()->columns(device, positions);
        for (const HandCache* cache : caches) splitsAll += splitsFor(*cache);
        const std::size_t records = std::size_t{columns} * shape.heads * splitsAll;
        partial = bufferOf(device, std::vector<float>(records * shape.valueDim));
        stats = bufferOf(device, std::vector<float>(records * 2));
        std::uint32_t base = 0;
        for (const HandCache* cache : caches) {
            kernels::AttentionArgs one{.shape = cache->shape(), .cache = cache->view(&info)};
            one.query = query.view();
            one.out = out.view();
            one.partial = &partial;
            one.stats = &stats;
            one.splits = splitsFor(*cache);
            one.splitBase = base;
            one.splitsAll = splitsAll;
            one.columns = columns;
            base += one.splits;
            args.push_back(one);
        }
    }
    static std::uint32_t splitsFor(const HandCache& cache) {
        return (*std::ranges::max_element(cache.counts) + 255) / 256 + 1;
    }
    static std::vector<kernels::SlotRange> slots(const HandCache& cache) {
        std::vector<kernels::SlotRange> ranges;
        for (const std::uint32_t count : cache.counts) ranges.push_back({count, cache.spec.gone});
        return ranges;
    }
    kernels::AttentionShape shape;
    InputColumns query;
    OutputColumns out;
    std::uint32_t splitsAll = 0;
    vulkan::Buffer info, partial, stats;
    std::vector<kernels::AttentionArgs> args;
};

const UniqueOf kDecode{{shared::kCatKvRead, {3}}, {shared::kCatIndex, {0, 1, 2}}, {shared::kCatActivations, {4}}};
const UniqueOf kCombine{{shared::kCatIndex, {0, 1}}, {shared::kCatActivations, {5, 6}}};

TEST_F(Counting, AttentionOverStreamsOfEveryShape) {
    const std::vector<CacheSpec> specs{
        {.headDim = 64, .rows = {300, 33}, .valueDim = 32},
        {.key = "q8_0", .value = "q4_0", .headDim = 32, .group = 3, .rows = {290}, .valueDim = 96},
        {.key = "f16", .headDim = 96, .kvHeads = 1, .group = 24, .rows = {300}, .valueDim = 64, .shared = true},
        {.key = "q8_0", .headDim = 64, .kvHeads = 1, .group = 20, .rows = {49}, .shared = true},
        {.key = "q4_0", .headDim = 64, .kvHeads = 1, .group = 17, .rows = {33}, .shared = true},
        {.group = 2, .rows = {301}, .softcap = 20},
        {.group = 2, .rows = {301}, .nativeWindow = 100, .gone = 192},
        {.key = "f32", .rows = {600}, .nativeWindow = 90, .gone = 480},
    };
    for (const CacheSpec& spec : specs) {
        const HandCache cache(device(), spec);
        StreamsRun run(device(), {&cache}, 2);
        const std::string what = fmt::format("{} {} and {}, group {}, gone {}", spec.key, spec.headDim,
                                             cache.valueDim(), spec.group, spec.gone);
        const auto rows = StreamsRun::slots(cache);
        check(must(kernels::attnDecode(countingLibrary(), run.args[0])),
              kernels::attnDecodeTraffic(countingLibrary(), run.args[0], rows), kDecode, "attn_decode " + what);
        check(must(kernels::attnCombine(countingLibrary(), run.args[0])),
              kernels::attnCombineTraffic(countingLibrary(), run.args[0], rows), kCombine, "attn_combine " + what);
    }
}

TEST_F(Counting, AttentionOverTwoStreamsWithSinks) {
    const CacheSpec spec{.headDim = 32, .kvHeads = 1, .group = 5, .rows = {300}, .shared = true};
    const HandCache own(device(), spec);
    const vulkan::Buffer sinks = bufferOf(device(), normals(8, 11));
    for (const std::uint32_t rows : {0U, 33U, 300U}) {
        CacheSpec second = spec;
        second.rows = {rows};
        const HandCache other(device(), second);
        StreamsRun run(device(), {&own, &other}, 2);
        const auto more = StreamsRun::slots(other);
        const auto first = StreamsRun::slots(own);
        const std::string what = fmt::format("second stream of {} rows", rows);
        run.args[0].sinks = &sinks;
        check(must(kernels::attnDecode(countingLibrary(), run.args[1])),
              kernels::attnDecodeTraffic(countingLibrary(), run.args[1], more), kDecode, "attn_decode " + what);
        for (const kernels::AttentionArgs& args : run.args) {  // the join passes over splits that say they are empty
            VulkanTest::run(library(), {must(kernels::attnDecode(library(), args))});
        }
        UniqueOf unique = kCombine;
        unique[shared::kCatWeights] = {8};
        check(must(kernels::attnCombine(countingLibrary(), run.args[0])),
              kernels::attnCombineTraffic(countingLibrary(), run.args[0], first, {first, more}), unique,
              "attn_combine " + what);
    }
}

TEST_F(Counting, AttentionOverChosenSlots) {
    const CacheSpec spec{.headDim = 64, .kvHeads = 1, .group = 6, .rows = {300}, .shared = true};
    const HandCache own(device(), spec);
    CacheSpec second = spec;
    second.rows = {1200};
    const HandCache other(device(), second);
    for (const std::uint32_t step : {33U, 3U}) {  // a slot in every page, or several
        std::vector<std::uint32_t> list{0};
        for (std::uint32_t slot = 1; slot < 1200; slot += step) list.push_back(slot), ++list.front();
        StreamsRun run(device(), {&own, &other}, 1);
        const vulkan::Buffer lists = bufferOf(device(), list);
        run.args[1].lists = &lists;
        run.args[1].listStride = static_cast<std::uint32_t>(list.size());
        const std::vector<std::uint32_t> chosen{list.front()};
        UniqueOf unique = kDecode;
        unique[shared::kCatIndex].push_back(7);
        const auto dispatch = must(kernels::attnDecode(countingLibrary(), run.args[1]));
        kernels::Traffic said = kernels::attnGatherTraffic(countingLibrary(), run.args[1], chosen);
        if (step < 32) {
            const std::uint64_t counted = count(dispatch, unique).category[shared::kCatIndex].unique;
            EXPECT_LT(counted, said.category[shared::kCatIndex].unique) << "slots of one page: an upper bound";
            said.category[shared::kCatIndex].unique = counted;
        }
        check(dispatch, said, unique, fmt::format("attn_decode of {} chosen slots", list.front()));
    }
}

}  // namespace
}  // namespace kvscope::test
