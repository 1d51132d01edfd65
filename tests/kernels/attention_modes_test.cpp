// SPDX-License-Identifier: Apache-2.0
// attn_decode and attn_combine beyond one plain stream: keys and values of different sizes, shared values, large
// groups, caps, sinks, pages that are gone, chosen slots, a second stream.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/kernels/attention.h"
#include "tests/kernels/column_tables.h"
#include "tests/support/cache_fixture.h"

namespace kvscope::test {
namespace {

constexpr double kLimit = 1e-10;

using Lists = std::vector<std::vector<std::uint32_t>>;  ///< chosen slots, by column

/// A stream and how it is read.
struct Source {
    const HandCache* cache = nullptr;
    const Lists* lists = nullptr;  ///< none: all rows
};

/// The joined attention of one query head over all sources: (valueDim).
std::vector<double> attend(const std::vector<Source>& sources, std::optional<double> sink, std::uint32_t head,
                           std::size_t column, std::uint32_t position, std::span<const float> query) {
    std::vector<double> out(sources.front().cache->valueDim(), 0.0);
    double total = sink ? std::exp(*sink) : 0;
    for (const Source& source : sources) {
        const std::vector<double> scores = source.cache->scores(head, position, query);
        for (std::uint32_t slot = 0; slot < scores.size(); ++slot) {
            if (std::isinf(scores[slot])) continue;
            if (source.lists != nullptr && !std::ranges::binary_search((*source.lists)[column], slot)) continue;
            const double w = std::exp(scores[slot]);
            total += w;
            const auto& value = source.cache->value[head / source.cache->spec.group][slot];
            for (std::size_t i = 0; i < out.size(); ++i) out[i] += w * static_cast<double>(value[i]);
        }
    }
    for (double& x : out) x = total > 0 ? x / total : 0;
    return out;
}

/// Buffers of one call over one or two streams, and what must be written where.
class AttentionModes : public VulkanTest {
  protected:
    struct Call {
        std::vector<Source> sources;
        std::vector<std::uint32_t> positions;  ///< of the columns
        std::uint32_t tile = 1;
        bool sinks = false;
    };
    static void check(const Call& call, const std::string& what);
    static void check(const CacheSpec& spec, std::vector<std::uint32_t> positions = {}, std::uint32_t tile = 1) {
        const HandCache cache(device(), spec);
        if (positions.empty()) positions = {cache.newest};
        check({.sources = {{&cache}}, .positions = positions, .tile = tile},
              fmt::format("{}/{} {} and {} group {} rows {} gone {}", spec.key, spec.value, spec.headDim,
                          cache.valueDim(), spec.group, spec.rows.front(), spec.gone));
    }

  private:
    static std::uint32_t splitsFor(const HandCache& cache) {
        return (*std::ranges::max_element(cache.counts) + 255) / 256 + 1;
    }
    static vulkan::Buffer listBuffer(const Lists& lists, std::uint32_t stride) {
        std::vector<std::uint32_t> words(lists.size() * stride, 0x00ABCDEFU);
        for (std::size_t c = 0; c < lists.size(); ++c) {
            words[c * stride] = static_cast<std::uint32_t>(lists[c].size());
            std::ranges::copy(lists[c], words.begin() + static_cast<std::ptrdiff_t>(c * stride + 1));
        }
        return bufferOf(device(), words);
    }
    /// Marks the partial results and statistics that one stream's splits write.
    static void expectSplits(const kernels::AttentionArgs& args, const Source& source, std::size_t column,
                             std::uint32_t head, Canvas& partial, Canvas& stats) {
        const HandCache& cache = *source.cache;
        const auto count = source.lists != nullptr ? static_cast<std::uint32_t>((*source.lists)[column].size())
                                                   : cache.counts[head / cache.spec.group];
        const std::uint32_t used = kernels::splitsOf({count, cache.spec.gone});
        const std::size_t first = (column * args.shape.heads + head) * args.splitsAll + args.splitBase;
        partial.expectWritten(first * cache.valueDim(), std::size_t{used} * cache.valueDim());
        stats.expectWritten(first * 2, std::size_t{2} * (args.splitBase != 0 ? args.splits : used));
    }
};

void AttentionModes::check(const Call& call, const std::string& what) {
    const HandCache& main = *call.sources.front().cache;
    const kernels::AttentionShape shape = main.shape();
    const auto columns = static_cast<std::uint32_t>(call.positions.size());
    const InputColumns query(device(), {columns, shape.heads * shape.headDim}, 31, 1.5F);
    const std::vector<float> sinkLogits = normals(4 + shape.heads, 32);
    const vulkan::Buffer sinks = bufferOf(device(), sinkLogits);
    const vulkan::Buffer info = main.columns(device(), call.positions);
    OutputColumns out(device(), {columns, shape.heads * shape.valueDim});
    std::uint32_t splitsAll = 0;
    for (const Source& source : call.sources) splitsAll += splitsFor(*source.cache);
    const std::size_t records = std::size_t{columns} * shape.heads * splitsAll;
    Canvas partial(device(), records * shape.valueDim + 64);
    Canvas stats(device(), records * 2 + 64);
    std::vector<vulkan::Buffer> lists;
    lists.reserve(call.sources.size());
    std::vector<kernels::Dispatch> dispatches;
    std::optional<kernels::AttentionArgs> firstArgs;
    std::uint32_t base = 0;
    for (const Source& source : call.sources) {
        kernels::AttentionArgs args{.shape = source.cache->shape(), .cache = source.cache->view(&info)};
        args.query = query.view();
        args.out = out.view();
        args.partial = &partial.buffer();
        args.stats = &stats.buffer();
        args.splits = splitsFor(*source.cache);
        args.splitBase = base;
        args.splitsAll = splitsAll;
        args.columns = columns;
        args.tile = call.tile;
        if (source.lists != nullptr) {
            args.listStride = source.cache->counts.front() + 2;
            lists.push_back(listBuffer(*source.lists, args.listStride));
            args.lists = &lists.back();
        }
        if (call.sinks) args.sinks = &sinks;
        args.sinkOffset = 4;
        base += args.splits;
        dispatches.push_back(must(kernels::attnDecode(library(), args)));
        for (std::size_t c = 0; c < columns; ++c) {
            for (std::uint32_t head = 0; head < shape.heads; ++head) {
                expectSplits(args, source, c, head, partial, stats);
            }
        }
        if (!firstArgs) firstArgs = args;
    }
    dispatches.push_back(must(kernels::attnCombine(library(), *firstArgs)));
    run(library(), dispatches);
    partial.check(what + ": partial results");
    stats.check(what + ": statistics");
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::uint32_t head = 0; head < shape.heads; ++head) {
            std::vector<float> q;
            for (std::size_t i = 0; i < shape.headDim; ++i) {
                q.push_back(static_cast<float>(query.at(c, head * shape.headDim + i)));
            }
            const std::optional<double> sink =
                call.sinks ? std::optional(static_cast<double>(sinkLogits[4 + head])) : std::nullopt;
            const auto one = attend(call.sources, sink, head, c, call.positions[c], q);
            for (std::size_t i = 0; i < one.size(); ++i) out.want(c, head * shape.valueDim + i) = one[i];
        }
    }
    out.check(what, kLimit);
}

TEST_F(AttentionModes, KeysAndValuesOfDifferentSizes) {
    check({.headDim = 64, .rows = {70}, .valueDim = 32});
    check({.headDim = 24, .group = 2, .rows = {300, 33}, .valueDim = 40});
    check({.key = "q8_0", .value = "q4_0", .headDim = 96, .rows = {300}, .valueDim = 32});
    check({.key = "q4_0", .value = "f16", .headDim = 32, .rows = {70}, .valueDim = 64});
    check({.key = "f32", .value = "q8_0", .headDim = 160, .rows = {70}, .valueDim = 32});
}

TEST_F(AttentionModes, TheValueIsTheFirstPartOfTheKey) {
    for (const char* key : {"f32", "f16", "q8_0", "q4_0"}) {
        check({.key = key, .headDim = 96, .kvHeads = 1, .group = 4, .rows = {300}, .valueDim = 64, .shared = true});
    }
    check({.headDim = 32, .group = 3, .rows = {40, 33}, .shared = true});
    check({.headDim = 24, .kvHeads = 1, .rows = {33}, .valueDim = 16, .shared = true});
}

TEST_F(AttentionModes, GroupsThatTakeSeveralWorkgroups) {
    EXPECT_EQ(kernels::headsAtOnce(16), 16U);
    EXPECT_EQ(kernels::headsAtOnce(24), 8U);
    EXPECT_EQ(kernels::headsAtOnce(20), 5U);
    EXPECT_EQ(kernels::headsAtOnce(17), 1U);
    for (const std::uint32_t group : {16U, 17U, 20U, 24U}) {
        check({.key = "q8_0", .kvHeads = 2, .group = group, .rows = {270, 33}});
    }
    check({.headDim = 64, .kvHeads = 1, .group = 24, .rows = {300}, .valueDim = 32, .shared = true}, {298, 299});
}

TEST_F(AttentionModes, CapsOfScores) {
    for (const float softcap : {0.5F, 30.0F}) check({.key = "q8_0", .group = 2, .rows = {300, 33}, .softcap = softcap});
}

TEST_F(AttentionModes, SinksTakeAShare) {
    for (const std::uint32_t rows : {1U, 40U, 600U}) {
        const HandCache cache(device(), {.group = 3, .rows = {rows, 33}});
        check({.sources = {{&cache}}, .positions = {cache.newest, cache.newest + 1}, .sinks = true},
              fmt::format("sinks over {} rows", rows));
    }
}

TEST_F(AttentionModes, PagesBehindANativeWindowAreGone) {
    check({.group = 2, .rows = {90}, .nativeWindow = 40, .gone = 32}, {89, 80});
    check({.key = "q8_0", .value = "f16", .rows = {300}, .nativeWindow = 100, .gone = 192}, {299, 295, 291});
    check({.rows = {600}, .nativeWindow = 90, .gone = 480}, {599});
    check({.rows = {520}, .nativeWindow = 9, .gone = 512}, {519});
    check({.group = 2, .rows = {320}, .nativeWindow = 33, .gone = 256}, {312, 313, 314, 315, 316, 317, 318, 319}, 4);
    for (const std::uint32_t rows : {97U, 257U}) check({.rows = {rows}, .nativeWindow = 1, .gone = 96}, {rows - 1});
}

TEST_F(AttentionModes, OnlyChosenSlotsOfAStream) {
    const HandCache own(device(), {.headDim = 64, .kvHeads = 1, .group = 4, .rows = {40}, .shared = true});
    const HandCache other(device(),
                          {.headDim = 64, .kvHeads = 1, .group = 4, .rows = {700}, .seed = 2, .shared = true});
    Lists lists{{}, {699}, {0, 31, 32, 33, 255, 256, 698}, {}};
    for (std::uint32_t slot = 0; slot < 700; slot += 2) lists.back().push_back(slot);  // two splits
    for (const bool sinks : {false, true}) {
        check({.sources = {{&own}, {&other, &lists}}, .positions = {800, 801, 802, 803}, .sinks = sinks},
              "chosen slots");
    }
}

TEST_F(AttentionModes, TwoStreams) {
    const CacheSpec spec{.key = "q8_0", .headDim = 32, .kvHeads = 1, .group = 5, .rows = {300}, .shared = true};
    const HandCache own(device(), spec);
    for (const std::uint32_t rows : {0U, 1U, 33U, 300U}) {
        CacheSpec second = spec;
        second.rows = {rows};
        second.seed = 3;
        const HandCache other(device(), second);
        check({.sources = {{&own}, {&other}}, .positions = {299, 298}, .sinks = true},
              fmt::format("a second stream of {} rows", rows));
    }
}

TEST_F(AttentionModes, ColumnsThatSeeNothingOfASecondStream) {
    const CacheSpec spec{.headDim = 32, .kvHeads = 1, .group = 2, .rows = {64}, .nativeWindow = 16, .shared = true};
    CacheSpec own = spec;
    own.gone = 32;
    const HandCache windowed(device(), own);
    CacheSpec late = spec;
    late.nativeWindow = 0;
    late.rows = {0};
    late.extraRows = 60;  // from position 3 on
    const HandCache other(device(), late);
    check({.sources = {{&windowed}, {&other}}, .positions = {63, 60, 1}, .sinks = true}, "nothing seen but the sink");
    check({.sources = {{&windowed}, {&other}}, .positions = {63, 1}}, "nothing seen");
}

}  // namespace
}  // namespace kvscope::test
