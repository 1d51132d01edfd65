// SPDX-License-Identifier: Apache-2.0
// Rotation, rows and attention of the reference against plain loops (architectures.md 1.4 to 1.7, 20).
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "engine/reference/attention.h"
#include "tests/engine/reference/op_bench.h"

namespace kvscope {
namespace {

using test::noise;
using test::OpBench;
using testing::FloatNear;
using testing::Pointwise;

constexpr std::uint32_t kDim = 4;
constexpr std::uint32_t kHeads = 4;
constexpr std::uint32_t kKvHeads = 2;
constexpr std::uint32_t kValue = 3;
constexpr std::uint32_t kTokens = 9;
constexpr std::uint32_t kQueries = kHeads * kDim;
constexpr std::uint32_t kKeys = kKvHeads * kDim;
constexpr std::uint32_t kWidth = kQueries + kKeys + kKvHeads * kValue;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Columns of queries, keys and values that go straight into an attention.
struct Layer {
    explicit Layer(std::uint32_t seed) : x(noise(seed, std::size_t{kTokens} * kWidth)), bench(kWidth, x) {
        const std::uint32_t stream = bench.addStream({.kvHeads = kKvHeads, .keyDim = kDim, .valueDim = kValue});
        bench.add(model::AppendOp{.stream = stream,
                                  .key = bench.in(kQueries, kKeys),
                                  .value = bench.in(kQueries + kKeys, kKvHeads * kValue)});
        op = {.heads = kHeads,
              .query = bench.in(0, kQueries),
              .out = bench.slot(kHeads * kValue),
              .reads = {{.stream = stream}},
              .scale = 0.9F};
    }

    [[nodiscard]] std::vector<float> run(const std::vector<std::size_t>& chunks = {}) const {
        OpBench copy = bench;
        copy.add(op);
        return copy.run(op.out, chunks);
    }
    /// scores -> weights of one query and head, in plain loops.
    [[nodiscard]] std::vector<double> expected(double sink) const {
        std::vector<double> out;
        for (std::size_t t = 0; t < kTokens; ++t) {
            for (std::size_t head = 0; head < kHeads; ++head) {
                std::vector<double> powers(t + 1, 0);
                double sum = std::exp(sink);
                for (std::size_t j = 0; j <= t; ++j) {
                    const std::uint32_t window = op.reads[0].window;
                    if (window != 0 && t - j >= window) continue;
                    double score = 0;
                    for (std::size_t i = 0; i < kDim; ++i) {
                        score += static_cast<double>(x[t * kWidth + head * kDim + i]) *
                                 static_cast<double>(x[j * kWidth + kQueries + head / 2 * kDim + i]);
                    }
                    score *= static_cast<double>(op.scale);
                    const auto cap = static_cast<double>(op.softcap);
                    if (cap > 0) score = cap * std::tanh(score / cap);
                    sum += powers[j] = std::exp(score);
                }
                for (std::size_t i = 0; i < kValue; ++i) {
                    double value = 0;
                    for (std::size_t j = 0; j <= t; ++j) {
                        value += powers[j] / sum *
                                 static_cast<double>(x[j * kWidth + kQueries + kKeys + head / 2 * kValue + i]);
                    }
                    out.push_back(value);
                }
            }
        }
        return out;
    }

    std::vector<float> x;
    OpBench bench;
    model::AttendOp op;
};

void expectNear(const std::vector<float>& got, const std::vector<double>& want, double limit = 1e-6) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(static_cast<double>(got[i]), want[i], limit) << i;
}

TEST(AttendOp, GroupsOfHeadsAndWindow) {
    Layer layer(31);
    expectNear(layer.run(), layer.expected(-1e300));
    expectNear(layer.run({1}), layer.expected(-1e300));
    expectNear(layer.run({4, 1, 2}), layer.expected(-1e300));
    layer.op.reads[0].window = 3;
    expectNear(layer.run(), layer.expected(-1e300));
    expectNear(layer.run({2, 5}), layer.expected(-1e300));
}

TEST(AttendOp, SoftcapBoundsScores) {
    Layer layer(32);
    layer.op.softcap = 0.5F;
    expectNear(layer.run(), layer.expected(-1e300));
}

TEST(AttendOp, SinksTakeMass) {
    Layer layer(33);
    const std::vector<float> plain = layer.run();
    layer.op.sinks = layer.bench.weight({kHeads}, std::vector<float>(kHeads, 0.5F));
    expectNear(layer.run(), layer.expected(0.5));
    layer.op.sinks = layer.bench.weight({kHeads}, std::vector<float>(kHeads, -kInfinity));
    EXPECT_EQ(layer.run(), plain);
    layer.op.sinks = layer.bench.weight({kHeads}, std::vector<float>(kHeads, 1e4F));
    EXPECT_THAT(layer.run(), testing::Each(0));
}

TEST(AttendOp, TwoStreamsShareOneSoftmax) {  // one vector is key and value; a row of 3 tokens stands at its last
    constexpr std::uint32_t kTogether = 3;
    const std::vector<float> x = noise(34, std::size_t{kTokens} * 3 * kDim);
    OpBench bench(3 * kDim, x);
    const std::uint32_t plain =
        bench.addStream({.role = model::RowRole::Latent, .keyDim = kDim, .sharedValue = kDim - 1});
    const std::uint32_t pooled = bench.addStream(
        {.role = model::RowRole::Compressed, .keyDim = kDim, .sharedValue = kDim - 1, .tokensPerRow = kTogether});
    bench.add(model::AppendOp{.stream = plain, .key = bench.in(kDim, kDim)});
    bench.add(model::AppendOp{.stream = pooled, .key = bench.in(2 * kDim, kDim)});
    const model::View out = bench.slot(kDim - 1);
    bench.add(model::AttendOp{.heads = 1,
                              .query = bench.in(0, kDim),
                              .out = out,
                              .reads = {{.stream = plain, .window = 2}, {.stream = pooled}},
                              .scale = 1});
    std::vector<double> want;
    for (std::size_t t = 0; t < kTokens; ++t) {
        double sum = 0;
        std::vector<double> weighted(kDim - 1, 0);
        const auto see = [&](std::size_t token, std::size_t offset) {
            double score = 0;
            for (std::size_t i = 0; i < kDim; ++i) {
                score +=
                    static_cast<double>(x[t * 3 * kDim + i]) * static_cast<double>(x[token * 3 * kDim + offset + i]);
            }
            sum += std::exp(score);
            for (std::size_t i = 0; i + 1 < kDim; ++i) {
                weighted[i] += std::exp(score) * static_cast<double>(x[token * 3 * kDim + offset + i]);
            }
        };
        for (std::size_t j = t == 0 ? 0 : t - 1; j <= t; ++j) see(j, kDim);
        for (std::size_t j = kTogether - 1; j <= t; j += kTogether) see(j, std::size_t{2} * kDim);
        for (const double value : weighted) want.push_back(value / sum);
    }
    expectNear(bench.run(out), want);
    expectNear(bench.run(out, {2, 1, 4}), want);
}

/// A head of [plain | rotated] values that is query, key and value at once, in a window.
std::vector<float> sharedHead(const std::vector<float>& x, bool rotateBack) {
    constexpr std::uint32_t kHead = 6;
    OpBench bench(kHead, x);
    const std::uint32_t stream =
        bench.addStream({.role = model::RowRole::Latent, .keyDim = kHead, .sharedValue = kHead});
    model::RopeOp rope{.heads = bench.in(), .headDim = kHead, .begin = 2, .frequencies = {1, 0.3}};
    bench.add(rope);
    bench.add(model::AppendOp{.stream = stream, .key = bench.in()});
    const model::View out = bench.slot(kHead);
    bench.add(model::AttendOp{
        .heads = 1, .query = bench.in(), .out = out, .reads = {{.stream = stream, .window = 3}}, .scale = 1});
    rope.heads = out;
    rope.inverse = true;
    if (rotateBack) bench.add(rope);
    return bench.run(out);
}

TEST(AttendOp, TheInverseRotationRemovesThePosition) {  // architectures.md 20, 4: shift invariance
    const std::vector<float> x = noise(35, 6 * 8);
    std::vector<float> shifted = noise(36, 6 * 5);
    shifted.insert(shifted.end(), x.begin(), x.end());
    const auto worst = [&](bool rotateBack) {
        const std::vector<float> here = sharedHead(x, rotateBack);
        const std::vector<float> there = sharedHead(shifted, rotateBack);
        float largest = 0;
        for (std::size_t i = 6 * 2; i < here.size(); ++i) {  // the window is full
            largest = std::max(largest, std::abs(here[i] - there[i + 6 * 5]));
        }
        return largest;
    };
    EXPECT_LT(worst(true), 1e-6F);
    EXPECT_GT(worst(false), 0.1F);
}

TEST(RopeOp, PairsMagnitudeAndPart) {
    OpBench bench(6, {9, 1, 2, 3, 4, 9, 9, 1, 2, 3, 4, 9});
    const double angle[] = {0.5, 0.25};  // at position 1
    const auto run = [&](model::RopePairing pairing) {
        OpBench copy = bench;
        copy.add(model::RopeOp{.heads = copy.in(),
                               .headDim = 6,
                               .begin = 1,
                               .pairing = pairing,
                               .frequencies = {0.5, 0.25},
                               .magnitude = 2});
        return copy.run(copy.in());
    };
    const auto turned = [&](int pair, double x, double y, bool second) {
        const double c = std::cos(angle[pair]);
        const double s = std::sin(angle[pair]);
        return static_cast<float>(2 * (second ? x * s + y * c : x * c - y * s));
    };
    const auto adjacent = run(model::RopePairing::Adjacent);
    EXPECT_THAT(std::vector<float>(adjacent.begin(), adjacent.begin() + 6), testing::ElementsAre(9, 2, 4, 6, 8, 9));
    EXPECT_THAT(std::vector<float>(adjacent.begin() + 6, adjacent.end()),
                Pointwise(FloatNear(1e-6F), {9.0F, turned(0, 1, 2, false), turned(0, 1, 2, true),
                                             turned(1, 3, 4, false), turned(1, 3, 4, true), 9.0F}));
    const auto halves = run(model::RopePairing::Halves);
    EXPECT_THAT(std::vector<float>(halves.begin() + 6, halves.end()),
                Pointwise(FloatNear(1e-6F), {9.0F, turned(0, 1, 3, false), turned(1, 2, 4, false),
                                             turned(0, 1, 3, true), turned(1, 2, 4, true), 9.0F}));
}

TEST(RopeOp, ThereAndBackIsNothing) {
    const std::vector<float> x = noise(37, 8 * 6);
    OpBench bench(8, x);
    model::RopeOp rope{.heads = bench.in(), .headDim = 4, .frequencies = {1, 0.1}};
    bench.add(rope);
    rope.inverse = true;
    bench.add(rope);
    EXPECT_THAT(bench.run(bench.in()), Pointwise(FloatNear(1e-6F), x));
}

TEST(RopeOp, BlocksStandAtTheirFirstToken) {
    std::vector<float> x;
    for (int i = 0; i < 7; ++i) x.insert(x.end(), {1, 0});
    OpBench bench(2, x);
    bench.add(model::RopeOp{.heads = bench.in(), .headDim = 2, .frequencies = {0.3}, .positionStep = 3});
    const std::vector<float> got = bench.run(bench.in(), {2, 1});
    for (std::size_t t = 0; t < 7; ++t) {
        const double angle = 0.3 * static_cast<double>(t / 3 * 3);
        EXPECT_NEAR(got[2 * t], std::cos(angle), 1e-6) << t;
        EXPECT_NEAR(got[2 * t + 1], std::sin(angle), 1e-6) << t;
    }
}

/// One head of one value; index keys are the first input value, rows the second.
struct Selecting {
    explicit Selecting(const std::vector<float>& columns) : bench(4, columns) {
        const std::uint32_t index = bench.addStream({.role = model::RowRole::Index, .keyDim = 1});
        const std::uint32_t rows = bench.addStream({.role = model::RowRole::Latent, .keyDim = 1, .sharedValue = 1});
        bench.add(model::AppendOp{.stream = index, .key = bench.in(0, 1)});
        bench.add(model::AppendOp{.stream = rows, .key = bench.in(1, 1)});
        select = {.query = bench.in(2, 1), .weights = bench.in(3, 1), .index = index, .stream = rows, .heads = 1};
        attend = {.heads = 1,
                  .query = bench.in(2, 1),
                  .out = bench.slot(1),
                  .reads = {{.stream = rows, .selected = true}},
                  .scale = 0.001F};
    }
    [[nodiscard]] std::vector<std::vector<std::uint32_t>> chosen() const {
        OpBench copy = bench;
        copy.add(select);
        copy.add(attend);
        reference::Forward forward = copy.make(attend.out);
        const auto output = forward.run(test::firstTokens(copy.tokens()), {.layers = true});
        return output->layers[0].selected;
    }

    OpBench bench;
    model::SelectOp select;
    model::AttendOp attend;
};

TEST(SelectOp, TheBestVisibleRowsTiesToTheLower) {
    // index keys 3, 1, 3, -2, 2; query 1; weights 1 but in the last token -1
    Selecting s({3, 10, 1, 1, 1, 20, 1, 1, 3, 30, 1, 1, -2, 40, 1, 1, 2, 50, 1, -1});
    s.select.topK = 2;
    using Rows = std::vector<std::uint32_t>;
    // the last token's scores are -3, -1, -3, 0, -2: relu comes before the weight
    EXPECT_THAT(s.chosen(), testing::ElementsAre(Rows{0}, Rows{0, 1}, Rows{0, 2}, Rows{0, 2}, Rows{1, 3}));
    s.select.topK = 9;
    EXPECT_EQ(s.chosen()[4].size(), 5U);
}

TEST(SelectOp, AllRowsAreTheSameAsNoSelection) {  // architectures.md 20, 12
    Selecting s(noise(38, 4 * 12));
    s.attend.scale = 1;
    s.select.topK = 12;
    OpBench selecting = s.bench;
    selecting.add(s.select);
    selecting.add(s.attend);
    OpBench plain = s.bench;
    s.attend.reads[0].selected = false;
    plain.add(s.attend);
    EXPECT_EQ(selecting.run(s.attend.out), plain.run(s.attend.out));
    EXPECT_EQ(selecting.run(s.attend.out, {1, 4}), plain.run(s.attend.out));
}

}  // namespace
}  // namespace kvscope
