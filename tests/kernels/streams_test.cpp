// SPDX-License-Identifier: Apache-2.0
// Kernels of mixed streams and of the choice of experts: stream_mix, hyper, route.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "engine/kernels/elementwise.h"
#include "shaders/shared/constants.h"
#include "tests/kernels/column_tables.h"

namespace kvscope::test {
namespace {

constexpr double kLimit = 1e-11;

class Streams : public VulkanTest {
  protected:
    struct Mix {
        std::uint32_t inputs = 1, outputs = 1;
        std::uint32_t matrix = 0, rowStep = 0, columnStep = 0;
        bool identity = false, useMatrix = true, addend = false, addTo = false, inPlace = false;
    };
    static void check(const Mix& mix, std::uint32_t width, std::uint32_t columns);
};

void Streams::check(const Mix& mix, std::uint32_t width, std::uint32_t columns) {
    constexpr std::uint32_t kVector = 17;
    const InputColumns in(device(), {columns, width * mix.inputs}, 1);
    const InputColumns coefficients(device(), {columns, 24}, 2);
    const InputColumns addend(device(), {columns, width}, 3);
    const InputColumns before(device(), {columns, width * mix.outputs}, 4);
    OutputColumns out(device(), {columns, width * mix.outputs});
    if (mix.addTo) out.fill(before);
    if (mix.inPlace) out.fill(in);
    kernels::StreamMixArgs args;
    args.in = mix.inPlace ? out.view() : in.view();
    args.out = out.view();
    args.coefficients = coefficients.view();
    if (mix.addend) args.addend = addend.view();
    args.width = width;
    args.inputs = mix.inputs;
    args.outputs = mix.outputs;
    args.matrix = mix.matrix;
    args.rowStep = mix.rowStep;
    args.columnStep = mix.columnStep;
    args.vector = kVector;
    args.addBias = 0.5F;
    args.identity = mix.identity;
    args.useMatrix = mix.useMatrix;
    args.addTo = mix.addTo;
    args.columns = columns;
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t at = 0; at < std::size_t{width} * mix.outputs; ++at) {
            const std::size_t i = at / width;
            double sum = mix.identity ? in.at(c, at) : 0;
            for (std::size_t j = 0; j < mix.inputs && mix.useMatrix; ++j) {
                sum += coefficients.at(c, mix.matrix + i * mix.rowStep + j * mix.columnStep) *
                       in.at(c, j * width + at % width);
            }
            if (mix.addend) sum += (coefficients.at(c, kVector + i) + 0.5) * addend.at(c, at % width);
            if (mix.addTo) sum += before.at(c, at);
            out.want(c, at) = sum;
        }
    }
    run(library(), {must(kernels::streamMix(library(), args))});
    out.check(fmt::format("stream_mix {} to {} of {}", mix.inputs, mix.outputs, width), kLimit);
}

TEST_F(Streams, AreMixedByAMatrixOfTheColumn) {
    for (const std::uint32_t width : {1U, 33U, 1007U}) {
        check({.inputs = 4, .outputs = 4, .rowStep = 4, .columnStep = 1}, width, 3);
        check({.inputs = 4, .outputs = 4, .rowStep = 1, .columnStep = 4, .inPlace = true}, width, 2);
        check({.inputs = 3, .outputs = 1, .matrix = 5, .columnStep = 1}, width, 1);
    }
}

TEST_F(Streams, KeepThemselvesAndTakeAnAddend) {
    check({.inputs = 4, .outputs = 4, .rowStep = 1, .columnStep = 4, .identity = true}, 67, 2);
    check({.inputs = 4, .outputs = 4, .rowStep = 1, .columnStep = 4, .addend = true}, 67, 2);
    check({.inputs = 4, .outputs = 4, .identity = true, .useMatrix = false, .addend = true, .inPlace = true}, 67, 3);
    check({.inputs = 2, .outputs = 1, .matrix = 2, .columnStep = 1, .addTo = true}, 67, 3);
}

double sigmoid(double v) {
    return 1 / (1 + std::exp(-v));
}

/// Coefficients of one sublayer: pre, post and the mixing matrix after its steps.
std::vector<double> plainHyper(const std::vector<double>& raw, std::size_t n, std::uint32_t iterations, double eps) {
    std::vector<double> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(sigmoid(raw[i]) + eps);
    if (iterations == 0) return out;
    for (std::size_t i = n; i < 2 * n; ++i) out.push_back(2 * sigmoid(raw[i]));
    std::vector<double> mixing(raw.begin() + static_cast<std::ptrdiff_t>(2 * n), raw.end());
    const auto divide = [&](std::size_t first, std::size_t step, double least) {
        double sum = least;
        for (std::size_t k = 0; k < n; ++k) sum += mixing[first + k * step];
        for (std::size_t k = 0; k < n; ++k) mixing[first + k * step] /= sum;
    };
    for (double& m : mixing) m = std::exp(m);
    for (std::size_t src = 0; src < n; ++src) divide(src * n, 1, 0);
    for (double& m : mixing) m += eps;
    for (std::uint32_t step = 0; step < iterations; ++step) {
        for (std::size_t src = 0; src < n && step > 0; ++src) divide(src * n, 1, eps);
        for (std::size_t dst = 0; dst < n; ++dst) divide(dst, n, eps);
    }
    out.insert(out.end(), mixing.begin(), mixing.end());
    return out;
}

TEST_F(Streams, CoefficientsOfHyperConnections) {
    const std::vector<float> bases = normals(4 + 24, 5);
    const std::vector<float> scales{9, 9, 0.5F, 1.5F, 2.5F};
    const vulkan::Buffer base = bufferOf(device(), bases);
    const vulkan::Buffer scale = bufferOf(device(), scales);
    for (const std::uint32_t iterations : {0U, 1U, 20U}) {
        for (const std::uint32_t columns : {1U, 70U}) {
            const ColumnPlaces places{columns, iterations == 0 ? 4U : 24U};
            const InputColumns in(device(), places, 6, 2.0F);
            OutputColumns out(device(), places);
            kernels::HyperArgs args{.in = in.view(), .out = out.view(), .base = &base, .scale = &scale};
            args.baseOffset = 4;
            args.scaleOffset = 2;
            args.iterations = iterations;
            args.eps = 1e-3F;
            args.columns = columns;
            for (std::size_t c = 0; c < columns; ++c) {
                std::vector<double> raw;
                for (std::size_t i = 0; i < places.width; ++i) {
                    const std::size_t part = i < 4 ? 0 : i < 8 ? 1 : 2;
                    raw.push_back(in.at(c, i) * static_cast<double>(scales[2 + part]) +
                                  static_cast<double>(bases[4 + i]));
                }
                const std::vector<double> wanted = plainHyper(raw, 4, iterations, static_cast<double>(1e-3F));
                for (std::size_t i = 0; i < wanted.size(); ++i) out.want(c, i) = wanted[i];
            }
            run(library(), {must(kernels::hyper(library(), args))});
            out.check(fmt::format("hyper, {} steps, {} columns", iterations, columns), kLimit);
        }
    }
}

struct Routing {
    std::uint32_t experts = 8, used = 2;
    std::uint32_t groups = 1, groupsUsed = 1;
    std::uint32_t gating = shared::kGateSoftmax;
    bool bias = false, table = false, gain = false, normalise = false;
};

/// One column: ids, then weights.
std::vector<double> plainRoute(const Routing& r, const std::vector<double>& logits, const std::vector<float>& bias,
                               const std::vector<float>& gain, std::span<const std::uint32_t> given) {
    std::vector<double> score = logits;
    const double top = *std::ranges::max_element(logits);
    double all = 0;
    for (const double v : logits) all += std::exp(v - top);
    for (double& v : score) {
        if (r.gating == shared::kGateSoftmax) v = std::exp(v - top) / all;
        if (r.gating == shared::kGateSigmoid) v = sigmoid(v);
        if (r.gating == shared::kGateSoftplus) v = std::sqrt(std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))));
    }
    std::vector<double> selection = score;
    for (std::size_t e = 0; e < r.experts && r.bias; ++e) selection[e] += static_cast<double>(bias[e]);
    const std::size_t size = r.experts / r.groups;
    std::vector<std::pair<double, std::size_t>> best;
    for (std::size_t g = 0; g < r.groups; ++g) {
        std::vector<double> of(selection.begin() + static_cast<std::ptrdiff_t>(g * size),
                               selection.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
        std::ranges::sort(of, std::greater());
        best.emplace_back(-(of[0] + (size > 1 ? of[1] : 0)), g);
    }
    std::ranges::sort(best);
    std::vector<bool> allowed(r.groups, false);
    for (std::size_t g = 0; g < r.groupsUsed; ++g) allowed[best[g].second] = true;
    std::vector<std::size_t> order;
    for (std::size_t e = 0; e < r.experts; ++e) {
        if (allowed[e / size]) order.push_back(e);
    }
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return selection[a] > selection[b]; });
    if (r.table) order.assign(given.begin(), given.end());
    order.resize(r.used);
    std::vector<double> weights;
    for (const std::size_t e : order) weights.push_back(score[e]);
    if (r.gating == shared::kGateSelected) {
        const double most = *std::ranges::max_element(weights);
        for (double& w : weights) w = std::exp(w - most);
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> out(order.begin(), order.end());
    for (std::size_t k = 0; k < r.used; ++k) {
        double w = weights[k] * 2.5;
        if (r.normalise || r.gating == shared::kGateSelected) w /= sum;
        out.push_back(r.gain ? w * static_cast<double>(gain[order[k]]) : w);
    }
    return out;
}

class Route : public VulkanTest {
  protected:
    static void check(const Routing& r, std::uint32_t columns, std::optional<std::vector<float>> logits = {});
};

void Route::check(const Routing& r, std::uint32_t columns, std::optional<std::vector<float>> logits) {
    const InputColumns in(device(), {columns, r.experts},
                          logits ? *logits : normals(std::size_t{columns} * r.experts, 11));
    const std::vector<float> bias = normals(4 + r.experts, 12);
    const std::vector<float> gain = normals(8 + r.experts, 13);
    std::vector<std::uint32_t> table;
    for (std::uint32_t i = 0; i < 19 * r.used; ++i) table.push_back((i * 5 + i / r.used) % r.experts);
    std::vector<std::uint32_t> info;
    for (std::uint32_t c = 0; c < columns; ++c) info.insert(info.end(), {(c * 7) % 19, 99, 99, 0});
    const vulkan::Buffer columnInfo = bufferOf(device(), info);
    const vulkan::Buffer biases = bufferOf(device(), bias);
    const vulkan::Buffer gains = bufferOf(device(), gain);
    const vulkan::Buffer tables = bufferOf(device(), table);
    OutputColumns out(device(), {columns, 2 * r.used});
    kernels::RouteArgs args{.columnInfo = &columnInfo, .in = in.view(), .out = out.view()};
    if (r.bias) args.bias = &biases;
    if (r.table) args.table = &tables;
    if (r.gain) args.gain = &gains;
    args.biasOffset = 4;
    args.gainOffset = 8;
    args.experts = r.experts;
    args.used = r.used;
    args.groups = r.groups;
    args.groupsUsed = r.groupsUsed;
    args.gating = r.gating;
    args.normalise = r.normalise;
    args.scale = 2.5F;
    args.columns = columns;
    const std::string what = fmt::format("route gating {}, {} of {}, groups {}", r.gating, r.used, r.experts, r.groups);
    run(library(), {must(kernels::route(library(), args))});
    for (std::size_t c = 0; c < columns; ++c) {
        std::vector<double> row;
        for (std::size_t e = 0; e < r.experts; ++e) row.push_back(in.at(c, e));
        const auto wanted = plainRoute(r, row, {bias.begin() + 4, bias.end()}, {gain.begin() + 8, gain.end()},
                                       std::span(table).subspan(std::size_t{(c * 7) % 19} * r.used, r.used));
        for (std::size_t i = 0; i < wanted.size(); ++i) out.want(c, i) = wanted[i];
        for (std::size_t k = 0; k < r.used; ++k) {
            EXPECT_EQ(static_cast<double>(out.got(c, k)), wanted[k]) << what << ": expert " << k << " of column " << c;
        }
    }
    out.check(what, kLimit);
}

TEST_F(Route, EveryScoreAndItsOptions) {
    for (const std::uint32_t gating :
         {shared::kGateSoftmax, shared::kGateSigmoid, shared::kGateSelected, shared::kGateSoftplus}) {
        check({.gating = gating}, 1);
        check({.experts = 33, .used = 6, .gating = gating, .bias = true, .gain = true}, 70);
        if (gating != shared::kGateSelected) check({.used = 3, .gating = gating, .normalise = true}, 5);
        check({.experts = 4, .used = 4, .gating = gating}, 3);
        check({.experts = 5, .used = 1, .gating = gating, .table = true}, 21);
        check({.used = 3, .gating = gating, .table = true, .gain = true}, 5);
    }
}

TEST_F(Route, OnlyGroupsWithTheBestPairs) {
    check({.experts = 16, .used = 3, .groups = 4, .groupsUsed = 2, .gating = shared::kGateSigmoid, .bias = true}, 70);
    check({.experts = 32, .used = 2, .groups = 32, .groupsUsed = 3, .gating = shared::kGateSigmoid}, 9);
    check({.experts = 24, .used = 8, .groups = 3, .groupsUsed = 1, .normalise = true}, 9);
    check({.experts = 24, .used = 8, .groups = 3, .groupsUsed = 3}, 9);
}

TEST_F(Route, EqualScoresGoToTheLowerExpert) {
    check({.used = 3, .gating = shared::kGateSigmoid}, 1, std::vector<float>{1, 2, 2, 1, 2, 2, 0, 1});
    check({.used = 8, .gating = shared::kGateSoftmax}, 1, std::vector<float>(8, 0.25F));
    check({.used = 2, .groups = 4, .groupsUsed = 1}, 1, std::vector<float>(8, 0.25F));
}

TEST_F(Route, LogitsFarApart) {
    const std::vector<float> far{-1e4F, 90, -90, 80, 1e4F, -3, 0, 3};
    for (const std::uint32_t gating : {shared::kGateSoftmax, shared::kGateSelected}) {
        check({.used = 2, .gating = gating}, 1, far);
    }
    check({.used = 3, .gating = shared::kGateSoftplus}, 1, std::vector<float>{-3, 80, -2, 1e4F, -2.5F, -4, -90, -80});
}

}  // namespace
}  // namespace kvscope::test
