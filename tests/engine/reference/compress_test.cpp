// SPDX-License-Identifier: Apache-2.0
// Pooled blocks of the reference (architectures.md 12.4 and 20, 2 to 4): against the ring of rows that a decoder keeps.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <limits>

#include "engine/reference/attention.h"
#include "tests/engine/reference/op_bench.h"

namespace kvscope {
namespace {

using test::noise;
using test::OpBench;

/// A compressor over columns of [value | gate], whose rows go into a stream that is attended to.
struct Compressor {
    Compressor(std::uint32_t blockTokens, std::uint32_t channels, bool overlapping, std::uint32_t tokens,
               std::uint32_t seed)
        : ratio(blockTokens),
          width(channels),
          stride(overlapping ? 2 * channels : channels),
          overlap(overlapping),
          x(noise(seed, std::size_t{tokens} * 2 * stride)),
          ape(noise(seed + 1, std::size_t{ratio} * stride)),
          bench(2 * stride, x),
          pooled(bench.slot(width)),
          out(bench.slot(width)) {
        bench.add(model::CompressOp{.state = bench.addState(),
                                    .ratio = ratio,
                                    .width = width,
                                    .overlap = overlap,
                                    .value = bench.in(0, stride),
                                    .gate = bench.in(stride, stride),
                                    .ape = bench.weight({stride, ratio}, ape),
                                    .out = pooled});
        stream = bench.addStream(
            {.role = model::RowRole::Compressed, .keyDim = width, .sharedValue = width, .tokensPerRow = ratio});
        bench.add(model::AppendOp{.stream = stream, .key = pooled});
        bench.add(model::AttendOp{
            .heads = 1, .query = bench.in(0, width), .out = out, .reads = {{.stream = stream}}, .scale = 1});
    }

    /// Rows by a ring of 2 · ratio (overlapping) or ratio places whose gates begin at −inf.
    [[nodiscard]] std::vector<double> ringRows() const {
        const std::size_t places = overlap ? std::size_t{2} * ratio : ratio;
        struct Place {
            std::vector<double> value;
            std::vector<double> gate;
        };
        const std::vector<double> none(stride, -std::numeric_limits<double>::infinity());
        std::vector<Place> ring(places, Place{std::vector<double>(stride, 0), none});
        std::vector<double> rows;
        for (std::size_t t = 0; t < bench.tokens(); ++t) {
            Place& place = ring[t % places];
            for (std::size_t i = 0; i < stride; ++i) {
                place.value[i] = static_cast<double>(x[t * 2 * stride + i]);
                place.gate[i] = static_cast<double>(x[t * 2 * stride + stride + i]) +
                                static_cast<double>(ape[t % ratio * stride + i]);
            }
            if ((t + 1) % ratio != 0) continue;
            for (std::size_t channel = 0; channel < width; ++channel) {
                double sum = 0;
                double weighted = 0;
                for (std::size_t back = 0; back < places; ++back) {
                    const Place& from = ring[(t + places - back) % places];
                    const std::size_t at = overlap && back < ratio ? width + channel : channel;
                    sum += std::exp(from.gate[at]);
                    weighted += std::exp(from.gate[at]) * from.value[at];
                }
                rows.push_back(weighted / sum);
            }
        }
        return rows;
    }

    std::uint32_t ratio;
    std::uint32_t width;
    std::uint32_t stride;
    bool overlap;
    std::vector<float> x;
    std::vector<float> ape;
    OpBench bench;
    model::View pooled;
    model::View out;
    std::uint32_t stream = 0;
};

void expectRows(const reference::Forward& forward, const Compressor& c) {
    const std::span<const float> got = forward.keyRows(c.stream);
    const std::vector<double> want = c.ringRows();
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << i;
}

TEST(CompressOp, OverlappingBlocksAreTheRings) {
    for (const std::uint32_t tokens : {3U, 4U, 7U, 8U, 23U}) {
        const Compressor c(4, 3, true, tokens, 40 + tokens);
        reference::Forward forward = c.bench.make(c.out);
        ASSERT_TRUE(forward.run(test::firstTokens(tokens)));
        EXPECT_EQ(forward.keyRows(c.stream).size(), tokens / 4 * 3);
        expectRows(forward, c);
    }
}

TEST(CompressOp, PlainBlocksAreTheRings) {
    const Compressor c(5, 3, false, 23, 80);
    reference::Forward forward = c.bench.make(c.out);
    for (const std::int32_t token : test::firstTokens(23)) ASSERT_TRUE(forward.run(std::array{token}));
    expectRows(forward, c);
}

TEST(CompressOp, RowsAreSeenFromTheBlocksLastTokenOn) {  // architectures.md 20, 3
    struct Case {
        std::uint32_t ratio;
        std::uint32_t tokens;
        std::size_t rows;
    };
    for (const Case& one : {Case{4, 3, 0}, Case{4, 4, 1}, Case{4, 5, 1}, Case{4, 8, 2}, Case{128, 127, 0},
                            Case{128, 128, 1}, Case{128, 256, 2}}) {
        const Compressor c(one.ratio, 1, one.ratio == 4, one.tokens, 90);
        reference::Forward forward = c.bench.make(c.out);
        const auto output = forward.run(test::firstTokens(one.tokens));
        ASSERT_TRUE(output);
        EXPECT_EQ(forward.keyRows(c.stream).size(), one.rows);
        for (std::size_t t = 0; t < one.tokens; ++t) {  // without a row there is nothing to attend to
            EXPECT_EQ(output->logits[t] != 0, t + 1 >= one.ratio) << one.ratio << " " << t;
        }
    }
}

TEST(CompressOp, ChunksAndTruncationChangeNothing) {
    const Compressor c(4, 3, true, 23, 95);
    const std::vector<float> whole = c.bench.run(c.out);
    EXPECT_EQ(c.bench.run(c.out, {1}), whole);
    EXPECT_EQ(c.bench.run(c.out, {3, 2, 6}), whole);
    reference::Forward forward = c.bench.make(c.out);
    const std::vector<std::int32_t> tokens = test::firstTokens(23);
    ASSERT_TRUE(forward.run(std::span(tokens).first(14)));
    ASSERT_TRUE(forward.run(std::array<std::int32_t, 5>{0, 5, 2, 7, 1}));
    forward.truncate(14);
    EXPECT_EQ(forward.keyRows(c.stream).size(), 3U * 3);
    const auto rest = forward.run(std::span(tokens).subspan(14));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->logits, std::vector<float>(whole.begin() + 14 * 3, whole.end()));
}

}  // namespace
}  // namespace kvscope
