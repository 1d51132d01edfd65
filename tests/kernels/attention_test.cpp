// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "engine/kernels/attention.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

/// Scores, exponentials and sums in single precision; the driver's exp is the coarsest step.
constexpr double kLimit = 1e-10;

struct Query {
    std::vector<std::uint32_t> positions;  ///< of the columns; empty = one column at the newest row
    std::uint32_t tile = 1;
    std::uint32_t columnBegin = 0;
    std::uint32_t splits = 0;  ///< 0 = two more than needed
};

class Attention : public VulkanTest {
  protected:
    struct Outcome {
        std::vector<float> got;  ///< (columns, heads, headDim)
        std::vector<double> expected;
    };
    static Outcome compute(const HandCache& cache, Query query);
    static void check(const CacheSpec& spec, const Query& query = {}) {
        const HandCache cache(device(), spec);
        const Outcome o = compute(cache, query);
        EXPECT_LT(nmse(o.got, o.expected), kLimit)
            << spec.key << "/" << spec.value << " head size " << spec.headDim << " group " << spec.group << " rows "
            << spec.rows.front() << " tile " << query.tile;
    }
};

/// Attention of columns begin … (positions.size() - 1): earlier ones have a query, but no result.
Attention::Outcome Attention::compute(const HandCache& cache, Query query) {
    if (query.positions.empty()) query.positions = {cache.newest};
    const kernels::AttentionShape shape = cache.shape();
    const std::uint32_t d = shape.headDim;
    const auto columns = static_cast<std::uint32_t>(query.positions.size());
    const std::uint32_t needed = (*std::ranges::max_element(cache.counts) + 255) / 256;
    const std::uint32_t splits = query.splits == 0 ? needed + 2 : query.splits;
    const std::uint32_t offset = 8;
    const std::uint32_t stride = shape.heads * d + 12;
    const std::vector<float> q = normals(offset + std::size_t{stride} * columns, 31);
    const vulkan::Buffer queries = bufferOf(device(), q);
    const vulkan::Buffer info = cache.columns(device(), query.positions);
    Canvas partial(device(), std::size_t{columns} * shape.heads * splits * d + 64);
    Canvas stats(device(), std::size_t{columns} * shape.heads * splits * 2 + 64);
    Canvas out(device(), offset + std::size_t{stride} * columns + 64);
    Outcome outcome;
    for (std::uint32_t column = query.columnBegin; column < columns; ++column) {
        out.expectWritten(offset + std::size_t{column} * stride, std::size_t{shape.heads} * d);
        for (std::uint32_t head = 0; head < shape.heads; ++head) {
            const std::size_t used = (cache.counts[head / shape.group()] + 255) / 256;
            const std::size_t first = (std::size_t{column} * shape.heads + head) * splits;
            partial.expectWritten(first * d, used * d);
            stats.expectWritten(first * 2, used * 2);
            const auto one = std::span(q).subspan(offset + std::size_t{column} * stride + std::size_t{head} * d, d);
            const std::vector<double> expected = cache.attend(head, query.positions[column], one);
            outcome.expected.insert(outcome.expected.end(), expected.begin(), expected.end());
        }
    }
    kernels::AttentionArgs args{.shape = shape, .cache = cache.view(&info)};
    args.query = {&queries, offset, stride};
    args.out = {&out.buffer(), offset, stride};
    args.partial = &partial.buffer();
    args.stats = &stats.buffer();
    args.splits = splits;
    args.columnBegin = query.columnBegin;
    args.columns = columns - query.columnBegin;
    args.tile = query.tile;
    VulkanTest::run(library(),
                    {must(kernels::attnDecode(library(), args)), must(kernels::attnCombine(library(), args))});
    partial.check("partial results of attn_decode");
    stats.check("statistics of attn_decode");
    out.check("output of attn_combine");
    for (std::uint32_t column = query.columnBegin; column < columns; ++column) {
        const auto row = out.floats().subspan(offset + std::size_t{column} * stride, std::size_t{shape.heads} * d);
        outcome.got.insert(outcome.got.end(), row.begin(), row.end());
    }
    return outcome;
}

TEST_F(Attention, EveryPairOfEncodings) {
    for (const char* key : {"f32", "f16", "q8_0", "q4_0"}) {
        for (const char* value : {"f32", "f16", "q8_0", "q4_0"}) {
            check({.key = key, .value = value, .rows = {48, 33}});
        }
    }
}

TEST_F(Attention, RowCountsAroundPagesAndSplits) {
    for (const std::uint32_t rows : {1U, 16U, 31U, 32U, 33U, 255U, 256U, 257U, 1007U}) {
        check({.key = "q8_0", .value = "f16", .rows = {rows}});
    }
}

TEST_F(Attention, HeadSizes) {
    for (const std::uint32_t headDim : {8U, 16U, 96U, 128U}) check({.headDim = headDim, .rows = {70}});
    for (const std::uint32_t headDim : {64U, 128U}) {
        check({.key = "q8_0", .value = "q4_0", .headDim = headDim, .rows = {70}});
    }
}

TEST_F(Attention, GroupsOfQueryHeads) {
    for (const std::uint32_t group : {2U, 3U, 4U, 8U}) {
        check({.key = "q8_0", .value = "f16", .group = group, .rows = {300, 47}});
    }
}

TEST_F(Attention, HeadsWithDifferentRowCounts) {
    check({.key = "q8_0", .value = "f16", .kvHeads = 5, .rows = {1, 257, 31, 600, 64}});
}

TEST_F(Attention, SlotsWithoutARow) {
    check({.key = "q8_0", .value = "f16", .rows = {300, 44}, .freeRows = true});
}

TEST_F(Attention, SinksAndWindow) {
    CacheSpec spec{.key = "q8_0", .value = "f16", .rows = {301}, .sinks = 4, .window = 64};
    check(spec, {.positions = {0, 3, 63, 64, 70, 299, 303}});
    spec.nativeWindow = 40;
    check(spec, {.positions = {39, 40, 41, 299}});
    spec.window = 0;
    spec.sinks = 0;
    check(spec, {.positions = {10, 40, 299}});
}

TEST_F(Attention, AQueryThatSeesNoRowGivesZeros) {
    const HandCache cache(device(), {.key = "q8_0", .value = "f16", .rows = {20}, .window = 4});
    for (const float x : compute(cache, {.positions = {500}}).got) EXPECT_EQ(x, 0.0F);
}

TEST_F(Attention, TilesOfColumnsChangeNoBit) {
    for (const std::uint32_t group : {1U, 3U}) {
        const HandCache cache(device(), {.key = "q8_0", .value = "f16", .group = group, .rows = {301, 290}});
        Query query{.positions = {281, 282, 283, 284, 285, 286, 287, 288}};
        const std::vector<float> one = compute(cache, query).got;
        for (const std::uint32_t tile : {4U, 8U}) {
            if (group * tile > 16) continue;
            query.tile = tile;
            const Outcome many = compute(cache, query);
            EXPECT_EQ(one, many.got) << "group " << group << " tile " << tile;
            EXPECT_LT(nmse(many.got, many.expected), kLimit);
        }
        query = {.positions = query.positions, .columnBegin = 4};
        EXPECT_EQ(compute(cache, query).got,
                  std::vector<float>(one.begin() + static_cast<std::ptrdiff_t>(one.size() / 2), one.end()));
    }
}

TEST_F(Attention, MaskedRowsAndPlacesOfPagesChangeNoBit) {
    CacheSpec spec{.key = "q8_0", .value = "f16", .rows = {250, 77}};
    const std::vector<float> alone = compute(HandCache(device(), spec), {}).got;
    for (const std::uint32_t extra : {1U, 31U, 40U, 300U}) {
        spec.extraRows = extra;
        EXPECT_EQ(alone, compute(HandCache(device(), spec), {}).got) << extra << " masked rows";
    }
}

}  // namespace
}  // namespace kvscope::test
