// SPDX-License-Identifier: Apache-2.0
// attn_scores and attn_error against the formulas of the record in double precision.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/kernels/attention.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

constexpr double kScoreLimit = 1e-12;
/// Relative, of each figure of a record: sums of squares over thousands of terms.
constexpr double kRecordLimit = 2e-5;
constexpr float kMasked = -3.0e38F;

/// Inputs of a probe of one column: its query, the attention output under judgement, exact rows and sinks.
struct ProbeInput {
    ProbeInput(const CacheSpec& spec, std::uint32_t at, bool withSinks)
        : position(at), valueDim(spec.valueDim != 0 ? spec.valueDim : spec.headDim) {
        const std::uint32_t heads = spec.kvHeads * spec.group;
        rowWidth = spec.headDim + (spec.shared ? 0 : valueDim);
        query = normals(std::size_t{heads} * spec.headDim, 51);
        output = normals(std::size_t{heads} * valueDim, 52);
        exact = normals(std::size_t{at + 1} * spec.kvHeads * rowWidth, 53);
        if (withSinks) sinks = normals(heads, 54);
    }
    [[nodiscard]] std::span<const float> row(const CacheSpec& spec, std::uint32_t at, std::uint32_t kvHead,
                                             bool value) const {
        const std::size_t first = (std::size_t{at} * spec.kvHeads + kvHead) * rowWidth;
        if (!value) return std::span(exact).subspan(first, spec.headDim);
        return std::span(exact).subspan(first + (spec.shared ? 0 : spec.headDim), valueDim);
    }
    [[nodiscard]] double sinkWeight(std::uint32_t head) const {
        return sinks.empty() ? 0 : std::exp(static_cast<double>(sinks[head]));
    }
    std::uint32_t position, valueDim, rowWidth = 0;
    std::vector<float> query, output, exact, sinks;
};

double dot(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

/// The record of one query head (shaders/kernels/attn_error.comp says what its numbers are).
std::array<double, 8> record(const HandCache& cache, const ProbeInput& in, std::uint32_t head) {
    const CacheSpec& spec = cache.spec;
    const std::uint32_t kvHead = head / spec.group;
    const auto query = std::span(in.query).subspan(std::size_t{head} * spec.headDim, spec.headDim);
    const auto out = std::span(in.output).subspan(std::size_t{head} * in.valueDim, in.valueDim);
    std::vector<double> p(in.position + 1);
    double total = in.sinkWeight(head);
    double seen = 0;
    for (std::uint32_t k = 0; k <= in.position; ++k) {
        if (spec.nativeWindow != 0 && in.position - k >= spec.nativeWindow) continue;
        double score = dot(in.row(spec, k, kvHead, false), query) * static_cast<double>(cache.shape().scale);
        const auto cap = static_cast<double>(spec.softcap);
        if (cap > 0) score = cap * std::tanh(score / cap);
        p[k] = std::exp(score);
        total += p[k];
        seen += 1;
    }
    std::vector<double> reference(in.valueDim, 0.0);
    for (std::uint32_t k = 0; k <= in.position; ++k) {
        const auto value = in.row(spec, k, kvHead, true);
        for (std::size_t i = 0; i < in.valueDim; ++i) reference[i] += p[k] / total * static_cast<double>(value[i]);
    }
    std::array<double, 8> r{};
    for (std::size_t i = 0; i < in.valueDim; ++i) {
        const auto o = static_cast<double>(out[i]);
        r[0] += (o - reference[i]) * (o - reference[i]);
        r[1] += reference[i] * reference[i];
        r[2] += o * o;
        r[3] += o * reference[i];
    }
    const std::vector<double> scores = cache.scores(head, in.position, query);
    double mass = 0;  // recall and KL are of the rows: the sink takes no part
    for (const double s : scores) mass += std::exp(s);
    for (std::size_t slot = 0; slot < scores.size(); ++slot) {
        if (std::isinf(scores[slot])) continue;
        const double q = std::exp(scores[slot]) / mass;
        const double exact = p[cache.positionOf[kvHead][slot]] / (total - in.sinkWeight(head));
        r[4] += exact;
        r[5] += q * std::log(q / exact);
    }
    r[6] = seen;
    r[7] = std::log(total);
    return r;
}

class ErrorProbe : public VulkanTest {
  protected:
    static void check(const CacheSpec& spec, std::uint32_t position, bool withSinks = false);
    static void checkScores(const HandCache& cache, const ProbeInput& in, Canvas& scores, std::uint32_t capacity);
};

void ErrorProbe::checkScores(const HandCache& cache, const ProbeInput& in, Canvas& scores, std::uint32_t capacity) {
    std::vector<float> got;
    std::vector<double> expected;
    for (std::uint32_t head = 0; head < cache.shape().heads; ++head) {
        const auto one = cache.scores(
            head, in.position, std::span(in.query).subspan(std::size_t{head} * cache.spec.headDim, cache.spec.headDim));
        scores.expectWritten(std::size_t{head} * capacity, one.size());
        for (std::size_t slot = 0; slot < one.size(); ++slot) {
            const float score = scores.floats()[std::size_t{head} * capacity + slot];
            if (std::isinf(one[slot])) {
                EXPECT_EQ(score, kMasked) << "slot " << slot << " is not seen";
            } else {
                got.push_back(score);
                expected.push_back(one[slot]);
            }
        }
    }
    scores.check("attn_scores");
    EXPECT_LT(nmse(got, expected), kScoreLimit);
}

void ErrorProbe::check(const CacheSpec& spec, std::uint32_t position, bool withSinks) {
    const HandCache cache(device(), spec);
    const ProbeInput in(spec, position, withSinks);
    const kernels::AttentionShape shape = cache.shape();
    const std::uint32_t width = shape.heads * spec.headDim;
    const std::uint32_t outWidth = shape.heads * in.valueDim;
    const std::uint32_t tapWidth = spec.headDim + in.valueDim;
    const std::uint32_t capacity =
        std::max(position + 1, *std::max_element(cache.counts.begin(), cache.counts.end())) + 5;
    const std::array<std::uint32_t, 2> at{0, position};  // the probe looks at column 1
    const vulkan::Buffer info = cache.columns(device(), at);
    std::vector<float> both(width, 0.0F);
    both.insert(both.end(), in.query.begin(), in.query.end());
    const vulkan::Buffer query = bufferOf(device(), both);
    both.assign(outWidth, 0.0F);
    both.insert(both.end(), in.output.begin(), in.output.end());
    const vulkan::Buffer out = bufferOf(device(), both);
    const vulkan::Buffer sinks = bufferOf(device(), in.sinks);
    const vulkan::Buffer exact = bufferOf(device(), in.exact);
    Canvas scores(device(), std::size_t{shape.heads} * capacity + 32);
    Canvas exactScores(device(), std::size_t{shape.heads} * capacity + 32);
    const std::uint32_t first = 2;  // records before are another layer's
    Canvas records(device(), (first + shape.heads) * 8 + 32);
    Canvas taps(device(), std::size_t{first + shape.heads} * tapWidth + 32);
    records.expectWritten(std::size_t{first} * 8, std::size_t{shape.heads} * 8);
    taps.expectWritten(std::size_t{first} * tapWidth, std::size_t{shape.heads} * tapWidth);

    kernels::ErrorArgs args;
    args.attention.shape = shape;
    args.attention.cache = cache.view(&info);
    args.attention.query = {&query, 0, width};
    args.attention.out = {&out, 0, outWidth};
    if (withSinks) args.attention.sinks = &sinks;
    args.attention.columnBegin = 1;
    args.exact = &exact;
    args.scores = &scores.buffer();
    args.exactScores = &exactScores.buffer();
    args.records = &records.buffer();
    args.taps = &taps.buffer();
    args.rowCapacity = capacity;
    args.record = first;
    args.tapBase = first * tapWidth;
    run(library(), {must(kernels::attnScores(library(), args)), must(kernels::attnError(library(), args))});
    checkScores(cache, in, scores, capacity);
    records.check("records of attn_error");
    taps.check("taps of attn_error");
    for (std::uint32_t head = 0; head < shape.heads; ++head) {
        const std::array<double, 8> expected = record(cache, in, head);
        for (std::size_t i = 0; i < 8; ++i) {
            const auto got = static_cast<double>(records.floats()[(first + head) * 8 + i]);
            EXPECT_NEAR(got, expected.at(i), kRecordLimit * std::max(1.0, std::abs(expected.at(i))))
                << "head " << head << " figure " << i;
        }
        const std::size_t tap = std::size_t{first + head} * tapWidth;
        for (std::uint32_t i = 0; i < spec.headDim; ++i) {
            EXPECT_EQ(taps.floats()[tap + i], in.query[head * spec.headDim + i]);
        }
        for (std::uint32_t i = 0; i < in.valueDim; ++i) {
            EXPECT_EQ(taps.floats()[tap + spec.headDim + i], in.output[head * in.valueDim + i]);
        }
    }
}

TEST_F(ErrorProbe, FiguresOfARecord) {
    check({.key = "q8_0", .value = "f16", .group = 3, .rows = {301}}, 300);
    check({.key = "q4_0", .rows = {1}}, 0);
}

TEST_F(ErrorProbe, RowsThatThePolicyDoesNotShow) {
    check({.key = "q8_0", .rows = {270}, .sinks = 4, .window = 64}, 269);
    check({.key = "f32", .headDim = 8, .rows = {77}, .freeRows = true}, 76);
}

TEST_F(ErrorProbe, ANativeWindowHoldsForBothSides) {
    check({.key = "f16", .rows = {90}, .nativeWindow = 40}, 89);
    check({.key = "f16", .rows = {90}, .nativeWindow = 40, .gone = 32}, 89);
}

TEST_F(ErrorProbe, SinksCapsAndSizes) {
    check({.key = "q8_0", .group = 3, .rows = {80}}, 79, true);
    check({.key = "q8_0", .group = 2, .rows = {80}, .softcap = 3}, 79);
    check({.key = "f16", .headDim = 64, .group = 2, .rows = {80}, .valueDim = 24}, 79);
    check({.key = "f16", .headDim = 40, .kvHeads = 1, .group = 5, .rows = {80}, .valueDim = 32, .shared = true}, 79,
          true);
}

}  // namespace
}  // namespace kvscope::test
