// SPDX-License-Identifier: Apache-2.0
// Kernels of compressed streams: compress_store, compress_pool, index_scores, index_select.
#include "engine/kernels/compressed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/kernels/column_tables.h"
#include "tests/support/cache_fixture.h"

namespace kvscope::test {
namespace {

constexpr double kLimit = 1e-11;

struct Blocks {
    std::uint32_t width = 12, ratio = 4;
    bool overlap = false;
    std::uint32_t step = 8;  ///< tokens of a step
    std::uint32_t tokens = 24;
};

class Compress : public VulkanTest {
  protected:
    static void check(const Blocks& b);
};

/// All tokens of two sequences in steps; each block that a step ends is compared with the plain sum over its tokens.
void Compress::check(const Blocks& b) {
    const std::uint32_t channels = b.width * (b.overlap ? 2 : 1);
    const std::uint32_t ringTokens = 2 * b.ratio + b.step;
    const std::vector<float> ape = normals(4 + std::size_t{b.ratio} * channels, 21);
    const vulkan::Buffer apeBuffer = bufferOf(device(), ape);
    Canvas ring(device(), std::size_t{3} * ringTokens * 2 * channels);
    std::vector<InputColumns> values;
    std::vector<InputColumns> gates;
    // (value, gate + offset) of a channel of a token of sequence 2
    const auto token = [&](std::size_t position, std::size_t channel) {
        const std::size_t step = position / b.step;
        const std::size_t column = position % b.step;
        const float offset = ape[4 + position % b.ratio * channels + channel];
        return std::pair(values[step].at(column, channel),
                         gates[step].at(column, channel) + static_cast<double>(offset));
    };
    for (std::uint32_t first = 0; first < b.tokens; first += b.step) {
        const std::uint32_t columns = std::min(b.step, b.tokens - first);
        values.emplace_back(device(), ColumnPlaces{columns, channels}, 22 + first);
        gates.emplace_back(device(), ColumnPlaces{columns, channels}, 222 + first);
        std::vector<std::uint32_t> info;
        for (std::uint32_t c = 0; c < columns; ++c) info.insert(info.end(), {7U, first + c, 2U, 0U});
        const vulkan::Buffer columnInfo = bufferOf(device(), info);
        const ColumnPlaces places{columns, b.width};
        Canvas out(device(), places.words() + 64);
        kernels::CompressArgs args{
            .columnInfo = &columnInfo, .value = values.back().view(), .gate = gates.back().view()};
        args.out = {&out.buffer(), ColumnPlaces::kOffset, places.stride()};
        args.ape = &apeBuffer;
        args.apeOffset = 4;
        args.ring = &ring.buffer();
        args.ringTokens = ringTokens;
        args.width = b.width;
        args.ratio = b.ratio;
        args.overlap = b.overlap;
        args.columns = columns;
        run(library(), {must(kernels::compressStore(library(), args)), must(kernels::compressPool(library(), args))});
        std::vector<float> got;
        std::vector<double> expected;
        for (std::uint32_t c = 0; c < columns; ++c) {
            const std::uint32_t end = first + c + 1;
            ring.expectWritten((std::size_t{2} * ringTokens + (end - 1) % ringTokens) * 2 * channels,
                               std::size_t{2} * channels);
            if (end % b.ratio != 0) continue;
            out.expectWritten(places.at(c, 0), b.width);
            for (std::uint32_t channel = 0; channel < b.width; ++channel) {
                double sum = 0;
                double total = 0;
                const auto add = [&](std::pair<double, double> one) {
                    sum += std::exp(one.second) * one.first;
                    total += std::exp(one.second);
                };
                for (std::uint32_t t = end - b.ratio; t < end; ++t) add(token(t, channel + (b.overlap ? b.width : 0)));
                for (std::uint32_t t = end - b.ratio; b.overlap && end > b.ratio && t > end - 2 * b.ratio; --t) {
                    add(token(t - 1, channel));
                }
                got.push_back(out.floats()[places.at(c, channel)]);
                expected.push_back(sum / total);
            }
        }
        const std::string what = fmt::format("blocks of {}, overlap {}, tokens {}", b.ratio, b.overlap, first);
        out.check(what);
        ring.check(what + ": ring");
        EXPECT_LT(nmse(got, expected), kLimit) << what;
    }
}

TEST_F(Compress, BlocksThatEndInAStepAndBetweenSteps) {
    for (const bool overlap : {false, true}) {
        check({.overlap = overlap});
        check({.width = 33, .overlap = overlap, .step = 5, .tokens = 23});
        check({.width = 1, .overlap = overlap, .step = 1, .tokens = 9});
        check({.width = 70, .ratio = 16, .overlap = overlap, .step = 3, .tokens = 70});
        check({.width = 8, .ratio = 2, .overlap = overlap, .step = 64, .tokens = 130});
    }
    check({.width = 40, .ratio = 128, .step = 128, .tokens = 260});
}

class Index : public VulkanTest {
  protected:
    static void checkScores(const CacheSpec& spec, std::uint32_t heads, const std::vector<std::uint32_t>& at);
    static std::vector<std::vector<std::uint32_t>> choose(const std::vector<std::vector<float>>& scores,
                                                          std::uint32_t topK);
    static void checkChoice(const std::vector<std::vector<float>>& scores, std::uint32_t topK);
};

void Index::checkScores(const CacheSpec& spec, std::uint32_t heads, const std::vector<std::uint32_t>& at) {
    const HandCache cache(device(), spec);
    const auto columns = static_cast<std::uint32_t>(at.size());
    const InputColumns query(device(), {columns, heads * spec.headDim}, 31);
    const InputColumns weights(device(), {columns, heads}, 32);
    const std::uint32_t count = cache.counts.front();
    const std::uint32_t capacity = count + 9;
    Canvas scores(device(), std::size_t{capacity} * columns + 64);
    const vulkan::Buffer info = cache.columns(device(), at);
    kernels::SelectArgs args{.shape = cache.shape(), .cache = cache.view(&info), .query = query.view()};
    args.weights = weights.view();
    args.scores = &scores.buffer();
    args.capacity = capacity;
    args.heads = heads;
    args.scale = 0.25F;
    args.columns = columns;
    run(library(), {must(kernels::indexScores(library(), args))});
    std::vector<float> got;
    std::vector<double> expected;
    for (std::uint32_t c = 0; c < columns; ++c) {
        scores.expectWritten(std::size_t{c} * capacity, count);
        for (std::uint32_t slot = 0; slot < count; ++slot) {
            const float score = scores.floats()[std::size_t{c} * capacity + slot];
            if (!cache.sees(at[c], cache.positionOf[0][slot])) {
                EXPECT_EQ(score, -3.0e38F) << "column " << c << " does not see slot " << slot;
                continue;
            }
            double total = 0;
            for (std::uint32_t head = 0; head < heads; ++head) {
                double dot = 0;
                for (std::uint32_t i = 0; i < spec.headDim; ++i) {
                    dot += query.at(c, head * spec.headDim + i) * static_cast<double>(cache.key[0][slot][i]);
                }
                total += weights.at(c, head) * 0.25 * std::max(dot, 0.0);
            }
            got.push_back(score);
            expected.push_back(total);
        }
    }
    scores.check("index_scores");
    EXPECT_LT(nmse(got, expected), kLimit) << spec.key << ", " << count << " rows, " << heads << " heads";
}

TEST_F(Index, ScoresOfEveryRowForEveryColumn) {
    for (const char* key : {"f32", "f16", "q8_0", "q4_0"}) {
        checkScores({.key = key, .headDim = 64, .kvHeads = 1, .rows = {77}}, 3, {76, 10, 0});
    }
    for (const std::uint32_t rows : {1U, 31U, 32U, 33U, 300U}) {
        checkScores({.headDim = 16, .kvHeads = 1, .rows = {rows}}, 4, {rows - 1});
    }
    checkScores({.headDim = 32, .kvHeads = 1, .rows = {90}, .freeRows = true}, 64, {89, 40});
}

/// Lists that the kernel writes for columns with these scores, all of one sequence.
std::vector<std::vector<std::uint32_t>> Index::choose(const std::vector<std::vector<float>>& scores,
                                                      std::uint32_t topK) {
    const auto columns = static_cast<std::uint32_t>(scores.size());
    const auto count = static_cast<std::uint32_t>(scores.front().size());
    const HandCache cache(device(), {.kvHeads = 1, .rows = {count}});
    const std::uint32_t capacity = count + 7;
    std::vector<float> all(std::size_t{capacity} * columns, 1e30F);
    for (std::size_t c = 0; c < columns; ++c)
        std::ranges::copy(scores[c], all.begin() + static_cast<std::ptrdiff_t>(c * capacity));
    const vulkan::Buffer buffer = bufferOf(device(), all);
    Canvas lists(device(), std::size_t{1 + topK} * columns + 64);
    const std::vector<std::uint32_t> at(columns, count);
    const vulkan::Buffer info = cache.columns(device(), at);
    kernels::SelectArgs args{.shape = cache.shape(), .cache = cache.view(&info)};
    args.scores = &buffer;
    args.lists = &lists.buffer();
    args.capacity = capacity;
    args.topK = topK;
    args.columns = columns;
    run(library(), {must(kernels::indexSelect(library(), args))});
    std::vector<std::vector<std::uint32_t>> chosen;
    for (std::size_t c = 0; c < columns; ++c) {
        const std::size_t first = c * (1 + topK);
        const std::uint32_t n = std::min(lists.words()[first], topK);
        EXPECT_EQ(lists.words()[first], n);
        lists.expectWritten(first, 1 + std::size_t{n});
        const auto slots = lists.words().subspan(first + 1, n);
        chosen.emplace_back(slots.begin(), slots.end());
    }
    lists.check("index_select");
    return chosen;
}

void Index::checkChoice(const std::vector<std::vector<float>>& scores, std::uint32_t topK) {
    const auto chosen = choose(scores, topK);
    for (std::size_t c = 0; c < scores.size(); ++c) {
        std::vector<std::uint32_t> order;
        for (std::uint32_t slot = 0; slot < scores[c].size(); ++slot) {
            if (scores[c][slot] > -3.0e38F) order.push_back(slot);
        }
        std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) { return scores[c][a] > scores[c][b]; });
        order.resize(std::min<std::size_t>(order.size(), topK));
        std::ranges::sort(order);
        EXPECT_EQ(chosen[c], order) << "the best " << topK << " of " << scores[c].size() << ", column " << c;
    }
}

TEST_F(Index, TheBestOfManyAndOfFewRows) {
    for (const std::uint32_t rows : {1U, 3U, 31U, 33U, 300U}) {
        for (const std::uint32_t topK : {1U, 3U, 64U}) checkChoice({normals(rows, 41), normals(rows, 42)}, topK);
    }
    std::vector<std::vector<float>> many;
    for (std::uint64_t c = 0; c < 40; ++c) many.push_back(normals(129, 43 + c));
    checkChoice(many, 16);
}

TEST_F(Index, EqualScoresGoToTheLowerSlot) {
    EXPECT_EQ(choose({{1, 1, 1, 1, 1}}, 3), (std::vector<std::vector<std::uint32_t>>{{0, 1, 2}}));
    EXPECT_EQ(choose({{0, 2, 1, 2, 2, 3}, {5, 5, 5, 5, 5, 5}}, 3),
              (std::vector<std::vector<std::uint32_t>>{{1, 3, 5}, {0, 1, 2}}));
    std::vector<float> steps(200);
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<float>(i * 7 % 5) - 2.0F;
    for (const std::uint32_t topK : {1U, 39U, 40U, 41U, 120U, 199U}) checkChoice({steps}, topK);
    checkChoice({std::vector<float>(70, 0.0F)}, 33);  // relu gives many zeros
}

TEST_F(Index, RowsThatAreNotSeenAreNeverChosen) {
    constexpr float kNone = -3.0e38F;
    checkChoice({{kNone, 1, kNone, -5, kNone}, {kNone, kNone, kNone, kNone, kNone}, {1, 2, 3, 4, 5}}, 4);
    checkChoice({{-std::numeric_limits<float>::infinity(), kNone, -2.9e38F, 3.4e38F, -1e-38F}}, 2);
    checkChoice({{-std::numeric_limits<float>::infinity(), kNone, -2.9e38F, 3.4e38F, -1e-38F}}, 5);
}

}  // namespace
}  // namespace kvscope::test
