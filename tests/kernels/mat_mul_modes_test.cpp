// SPDX-License-Identifier: Apache-2.0
// mat_mul with scales, clamps and gelu, over block-diagonal matrices and over the chosen experts of each column.
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "tests/kernels/column_tables.h"
#include "tests/support/device_matrices.h"

namespace kvscope::test {
namespace {

using kernels::MatMulArgs;
using kernels::ProductMode;

constexpr double kLimit = 1e-11;

class MatMulModes : public VulkanTest {
  protected:
    static void checkBlocks(std::uint32_t rows, bool pieces, std::uint32_t inStep);
};

TestMatrix joined(TestMatrix first, const TestMatrix& second) {
    first.rows += second.rows;
    first.bytes.insert(first.bytes.end(), second.bytes.begin(), second.bytes.end());
    first.values.insert(first.values.end(), second.values.begin(), second.values.end());
    return first;
}

/// Row `row` of W times `inner` elements of a column from `begin` on.
double dot(const TestMatrix& w, std::size_t row, const InputColumns& in, std::size_t column, std::size_t begin = 0) {
    double sum = 0;
    for (std::size_t i = 0; i < w.columns; ++i) {
        sum += static_cast<double>(w.values[row * w.columns + i]) * in.at(column, begin + i);
    }
    return sum;
}

double activated(double x, bool gelu) {
    if (gelu) return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    return x / (1 + std::exp(-x));
}

/// act(min(scale g, clamp)) * clamp(scale u, ± clamp).
double gated(double g, double u, const MatMulArgs& args) {
    const auto scale = static_cast<double>(args.scale);
    const auto clamp = static_cast<double>(args.clampAt);
    g *= scale;
    u *= scale;
    if (clamp > 0) {
        g = std::min(g, clamp);
        u = std::clamp(u, -clamp, clamp);
    }
    return activated(g, args.gelu) * u;
}

TEST_F(MatMulModes, GeluClampAndScale) {
    for (const bool gelu : {false, true}) {
        for (const float clampAt : {0.0F, 2.0F}) {
            for (const std::uint32_t tile : {1U, 8U}) {
                const std::uint32_t rows = 67;
                const TestMatrix gate = TestMatrix::make("Q8_0", rows, 96, 1);
                const TestMatrix up = TestMatrix::make("Q8_0", rows, 96, 2);
                const DeviceMatrices loaded(device(), {gate, up}, true);
                const InputColumns in(device(), {8, 96}, 3);
                OutputColumns out(device(), {8, rows});
                MatMulArgs args{.weight = loaded.view(), .in = in.view(), .out = out.view()};
                args.mode = ProductMode::Gated;
                args.columns = 8;
                args.tile = tile;
                args.scale = 0.5F;
                args.gelu = gelu;
                args.clampAt = clampAt;
                for (std::size_t c = 0; c < 8; ++c) {
                    for (std::size_t r = 0; r < rows; ++r) {
                        out.want(c, r) = gated(dot(gate, r, in, c), dot(up, r, in, c), args);
                    }
                }
                run(library(), {must(kernels::matMul(library(), args))});
                out.check(fmt::format("gated, gelu {}, clamp {}, tile {}", gelu, clampAt, tile), kLimit);
            }
        }
    }
}

TEST_F(MatMulModes, ScaledProducts) {
    const TestMatrix w = TestMatrix::make("F16", 35, 64, 4);
    const DeviceMatrices loaded(device(), {w});
    for (const ProductMode mode : {ProductMode::Store, ProductMode::Add}) {
        const InputColumns in(device(), {3, 64}, 5);
        const InputColumns before(device(), {3, 35}, 6);
        OutputColumns out(device(), {3, 35});
        if (mode == ProductMode::Add) out.fill(before);
        MatMulArgs args{.weight = loaded.view(), .in = in.view(), .out = out.view()};
        args.mode = mode;
        args.columns = 3;
        args.scale = -1.75F;
        for (std::size_t c = 0; c < 3; ++c) {
            for (std::size_t r = 0; r < 35; ++r) {
                out.want(c, r) = -1.75 * dot(w, r, in, c) + (mode == ProductMode::Add ? before.at(c, r) : 0);
            }
        }
        run(library(), {must(kernels::matMul(library(), args))});
        out.check("scaled product", kLimit);
    }
}

/// Three blocks of `rows` rows; in one piece, or the first two and the last.
void MatMulModes::checkBlocks(std::uint32_t rows, bool pieces, std::uint32_t inStep) {
    const std::uint32_t inner = 64;
    const TestMatrix first = TestMatrix::make("Q8_0", 2 * rows, inner, 7);
    const TestMatrix last = TestMatrix::make("Q8_0", rows, inner, 8);
    const TestMatrix all = joined(first, last);
    const DeviceMatrices loaded(device(), {first, last, all});
    for (const std::uint32_t tile : {1U, 4U}) {
        const InputColumns in(device(), {4, 3 * inner}, 9);
        OutputColumns out(device(), {4, 3 * rows});
        MatMulArgs args{.weight = loaded.view(2), .in = in.view(), .out = out.view()};
        args.columns = 4;
        args.tile = tile;
        args.blocks = pieces ? 2 : 3;
        args.inStep = inStep;
        args.outStep = rows;
        if (pieces) args.weight = loaded.view(0);
        std::vector<kernels::Dispatch> dispatches{must(kernels::matMul(library(), args))};
        if (pieces) {
            args.weight = loaded.view(1);
            args.blocks = 1;
            args.in.offset += 2 * inStep;
            args.out.offset += 2 * rows;
            dispatches.push_back(must(kernels::matMul(library(), args)));
        }
        for (std::size_t c = 0; c < 4; ++c) {
            for (std::size_t r = 0; r < 3 * std::size_t{rows}; ++r) {
                out.want(c, r) = dot(all, r, in, c, r / rows * inStep);
            }
        }
        run(library(), dispatches);
        out.check(fmt::format("blocks of {} rows, pieces {}, tile {}", rows, pieces, tile), kLimit);
    }
}

TEST_F(MatMulModes, BlocksOfABlockDiagonalMatrix) {
    for (const std::uint32_t rows : {1U, 20U, 131U}) {
        for (const bool pieces : {false, true}) {
            checkBlocks(rows, pieces, 64);
            checkBlocks(rows, pieces, 0);  // one input for all
        }
    }
}

/// Expert ids of each column, as the router leaves them: numbers in f32.
const std::vector<float> kChosen{0, 4, 2, 1, 3, 3, 4, 0, 1, 2};
constexpr std::uint32_t kExperts = 5, kUsed = 2, kColumns = 5;

/// Experts 0 … 2 and 3 … 4 in pieces of their own, and all in one.
struct ExpertMatrices {
    ExpertMatrices(vulkan::Device& device, std::uint32_t rowsEach)
        : low(TestMatrix::make("Q8_0", 3 * rowsEach, 64, 11)),
          high(TestMatrix::make("Q8_0", 2 * rowsEach, 64, 12)),
          all(joined(low, high)),
          loaded(device, {low, high, all}) {}
    TestMatrix low, high, all;
    DeviceMatrices loaded;

    [[nodiscard]] std::vector<kernels::Dispatch> dispatches(kernels::KernelLibrary& library, MatMulArgs args,
                                                            bool pieces) const {
        args.weight = loaded.view(pieces ? 0 : 2);
        args.experts = pieces ? 3 : kExperts;
        std::vector<kernels::Dispatch> list{must(kernels::matMul(library, args))};
        if (!pieces) return list;
        args.weight = loaded.view(1);
        args.experts = 2;
        args.expertBegin = 3;
        list.push_back(must(kernels::matMul(library, args)));
        return list;
    }
};

TEST_F(MatMulModes, GatedExpertsOfEachColumn) {
    const InputColumns routes(device(), {kColumns, kUsed}, kChosen);
    const kernels::ColumnsView route = routes.view();
    for (const std::uint32_t rows : {1U, 35U}) {
        const ExpertMatrices experts(device(), 2 * rows);  // gate, then up
        for (const bool pieces : {false, true}) {
            const InputColumns in(device(), {kColumns, 64}, 13);
            OutputColumns out(device(), {kColumns, kUsed * rows});
            MatMulArgs args{.in = in.view(), .out = out.view()};
            args.mode = ProductMode::Gated;
            args.columns = kColumns;
            args.gelu = pieces;
            args.clampAt = 1.5F;
            args.blocks = kUsed;
            args.outStep = rows;
            args.route = &route;
            for (std::size_t c = 0; c < kColumns; ++c) {
                for (std::size_t at = 0; at < kUsed * std::size_t{rows}; ++at) {
                    const auto expert = static_cast<std::size_t>(kChosen[c * kUsed + at / rows]);
                    const std::size_t row = expert * 2 * rows + at % rows;
                    out.want(c, at) = gated(dot(experts.all, row, in, c), dot(experts.all, row + rows, in, c), args);
                }
            }
            run(library(), experts.dispatches(library(), args, pieces));
            out.check(fmt::format("gated experts of {} rows, pieces {}", rows, pieces), kLimit);
        }
    }
}

TEST_F(MatMulModes, EachChosenExpertReadsItsOwnInput) {
    const InputColumns routes(device(), {kColumns, kUsed}, kChosen);
    const kernels::ColumnsView route = routes.view();
    const std::uint32_t rows = 35;
    const ExpertMatrices experts(device(), rows);
    for (const bool pieces : {false, true}) {
        const InputColumns in(device(), {kColumns, kUsed * 64}, 14);
        OutputColumns out(device(), {kColumns, kUsed * rows});
        MatMulArgs args{.in = in.view(), .out = out.view()};
        args.columns = kColumns;
        args.blocks = kUsed;
        args.inStep = 64;
        args.outStep = rows;
        args.route = &route;
        for (std::size_t c = 0; c < kColumns; ++c) {
            for (std::size_t at = 0; at < kUsed * std::size_t{rows}; ++at) {
                const auto expert = static_cast<std::size_t>(kChosen[c * kUsed + at / rows]);
                out.want(c, at) = dot(experts.all, expert * rows + at % rows, in, c, at / rows * 64);
            }
        }
        run(library(), experts.dispatches(library(), args, pieces));
        out.check(fmt::format("experts, pieces {}", pieces), kLimit);
    }
}

}  // namespace
}  // namespace kvscope::test
