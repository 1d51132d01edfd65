// SPDX-License-Identifier: Apache-2.0
// Kernels that work element by element or on whole columns: map, copy_heads, match_norm, sparse, groups of norm.
#include "engine/kernels/elementwise.h"

#include <fmt/format.h>

#include <cmath>

#include "shaders/shared/constants.h"
#include "tests/kernels/column_tables.h"

namespace kvscope::test {
namespace {

/// Single precision with the driver's exp and tanh.
constexpr double kLimit = 1e-11;

class Elementwise : public VulkanTest {};

double plainMap(std::uint32_t kind, double a, double b, double gain, double c) {
    const auto gelu = [](double x) {
        return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    };
    switch (kind) {
        case shared::kMapAdd:
            return c * (a + b);
        case shared::kMapSubtract:
            return a - b;
        case shared::kMapScale:
            return c * a;
        case shared::kMapMultiply:
            return a * b;
        case shared::kMapSiluMultiply:
            return a / (1 + std::exp(-a)) * b;
        case shared::kMapGeluMultiply:
            return gelu(a) * b;
        case shared::kMapGain:
            return a * gain;
        case shared::kMapTanh:
            return std::tanh(c * a);
        default:
            return c * std::tanh(a / c);
    }
}

TEST_F(Elementwise, EveryKindOfMap) {
    const std::vector<float> gains = normals(12 + 11, 3);
    const vulkan::Buffer gain = bufferOf(device(), gains);
    for (std::uint32_t kind = shared::kMapAdd; kind <= shared::kMapSoftcap; ++kind) {
        for (const ColumnPlaces places : {ColumnPlaces{1, 1}, ColumnPlaces{3, 33}, ColumnPlaces{2, 1007}}) {
            const InputColumns a(device(), places, 1, 3.0F);
            const InputColumns b(device(), places, 2);
            OutputColumns out(device(), places);
            const kernels::MapArgs args{.kind = kind,
                                        .a = a.view(),
                                        .b = b.view(),
                                        .out = out.view(),
                                        .gain = &gain,
                                        .gainOffset = 12,
                                        .gainWidth = 11,
                                        .width = places.width,
                                        .columns = places.columns,
                                        .constant = 1.75F};
            for (std::size_t c = 0; c < places.columns; ++c) {
                for (std::size_t i = 0; i < places.width; ++i) {
                    out.want(c, i) =
                        plainMap(kind, a.at(c, i), b.at(c, i), static_cast<double>(gains[12 + i % 11]), 1.75);
                }
            }
            run(library(), {must(kernels::map(library(), args))});
            out.check(fmt::format("map {} of {}", kind, places.width), kLimit);
        }
    }
}

TEST_F(Elementwise, MapInPlaceAndFarOut) {
    const ColumnPlaces places{1, 4};
    const InputColumns b(device(), places, std::vector<float>{1, 1, 1, 1});
    for (const std::uint32_t kind :
         {shared::kMapTanh, shared::kMapSoftcap, shared::kMapSiluMultiply, shared::kMapGeluMultiply}) {
        const InputColumns a(device(), places, std::vector<float>{-1e4F, -80, 80, 1e4F});
        OutputColumns out(device(), places);
        out.fill(a);
        const kernels::MapArgs args{
            .kind = kind, .a = out.view(), .b = b.view(), .out = out.view(), .width = 4, .constant = 2};
        for (std::size_t i = 0; i < 4; ++i) out.want(0, i) = plainMap(kind, a.at(0, i), 1, 0, 2);
        run(library(), {must(kernels::map(library(), args))});
        out.check(fmt::format("map {} far out", kind), kLimit);
    }
}

TEST_F(Elementwise, PartsOfHeadsAreCopied) {
    for (const std::uint32_t inStep : {9U, 0U}) {
        const ColumnPlaces from{3, 40};
        const ColumnPlaces to{3, 29};
        const InputColumns in(device(), from, 4);
        Canvas out(device(), to.words() + 64);
        const kernels::CopyHeadsArgs args{.in = in.view(),
                                          .out = {&out.buffer(), ColumnPlaces::kOffset, to.stride()},
                                          .heads = 4,
                                          .width = 5,
                                          .inStep = inStep,
                                          .outStep = 7,
                                          .columns = 3};
        run(library(), {must(kernels::copyHeads(library(), args))});
        for (std::size_t c = 0; c < 3; ++c) {
            for (std::size_t head = 0; head < 4; ++head) {
                out.expectWritten(to.at(c, head * 7), 5);
                for (std::size_t i = 0; i < 5; ++i) {
                    EXPECT_EQ(static_cast<double>(out.floats()[to.at(c, head * 7 + i)]), in.at(c, head * inStep + i));
                }
            }
        }
        out.check("copy_heads");
    }
}

TEST_F(Elementwise, AColumnTakesTheMagnitudeOfAnother) {
    for (const ColumnPlaces places : {ColumnPlaces{1, 1}, ColumnPlaces{3, 33}, ColumnPlaces{2, 1007}}) {
        const InputColumns in(device(), places, 5, 0.01F);
        const InputColumns other(device(), places, 6, 20.0F);
        OutputColumns out(device(), places);
        for (std::size_t c = 0; c < places.columns; ++c) {
            double own = 0;
            double wanted = 0;
            for (std::size_t i = 0; i < places.width; ++i) {
                own += in.at(c, i) * in.at(c, i);
                wanted += other.at(c, i) * other.at(c, i);
            }
            for (std::size_t i = 0; i < places.width; ++i) out.want(c, i) = in.at(c, i) * std::sqrt(wanted / own);
        }
        const kernels::ColumnStatsArgs args{.in = in.view(),
                                            .other = other.view(),
                                            .out = out.view(),
                                            .width = places.width,
                                            .columns = places.columns};
        run(library(), {must(kernels::matchNorm(library(), args))});
        out.check(fmt::format("match_norm {}", places.width), kLimit);
    }
}

TEST_F(Elementwise, AColumnOfZerosStaysZero) {
    const ColumnPlaces places{1, 8};
    const InputColumns in(device(), places, std::vector<float>(8, 0.0F));
    const InputColumns other(device(), places, 6);
    OutputColumns out(device(), places);
    const kernels::ColumnStatsArgs args{.in = in.view(), .other = other.view(), .out = out.view(), .width = 8};
    run(library(), {must(kernels::matchNorm(library(), args))});
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(out.got(0, i), 0.0F);
}

TEST_F(Elementwise, OnlyWhatStandsOutOfAColumnIsKept) {
    for (const float multiplier : {0.0F, 1.6448536F, -0.5F}) {
        for (const ColumnPlaces places : {ColumnPlaces{1, 2}, ColumnPlaces{3, 33}, ColumnPlaces{2, 1007}}) {
            const InputColumns in(device(), places, 7);
            OutputColumns out(device(), places);
            out.fill(in);  // in place
            for (std::size_t c = 0; c < places.columns; ++c) {
                double mean = 0;
                for (std::size_t i = 0; i < places.width; ++i) mean += in.at(c, i) / places.width;
                double squares = 0;
                for (std::size_t i = 0; i < places.width; ++i) squares += std::pow(in.at(c, i) - mean, 2);
                const double cut = mean + static_cast<double>(multiplier) * std::sqrt(squares / (places.width - 1));
                for (std::size_t i = 0; i < places.width; ++i) out.want(c, i) = std::max(0.0, in.at(c, i) - cut);
            }
            const kernels::ColumnStatsArgs args{.in = out.view(),
                                                .out = out.view(),
                                                .width = places.width,
                                                .columns = places.columns,
                                                .multiplier = multiplier};
            run(library(), {must(kernels::sparse(library(), args))});
            out.check(fmt::format("sparse {} of {}", multiplier, places.width), kLimit);
        }
    }
}

TEST_F(Elementwise, NormOfGroupsWithAndWithoutAGain) {
    const std::vector<float> gains = normals(8 + 36, 8);
    const vulkan::Buffer gain = bufferOf(device(), gains);
    for (const std::uint32_t groups : {1U, 3U}) {
        for (const bool withGain : {true, false}) {
            const ColumnPlaces places{2, groups * 36};
            const InputColumns in(device(), places, 9);
            OutputColumns out(device(), places);
            for (std::size_t at = 0; at < out.expected.size(); ++at) {
                const std::size_t c = at / places.width;
                const std::size_t group = at % places.width / 36;
                double squares = 0;
                for (std::size_t i = 0; i < 36; ++i) squares += std::pow(in.at(c, group * 36 + i), 2);
                out.expected[at] = in.at(c, at % places.width) / std::sqrt(squares / 36 + static_cast<double>(0.01F));
                if (withGain) out.expected[at] *= static_cast<double>(gains[8 + at % 36]);
            }
            const kernels::NormArgs args{.in = in.view(),
                                         .out = out.view(),
                                         .gain = withGain ? &gain : nullptr,
                                         .gainOffset = 8,
                                         .width = 36,
                                         .groups = groups,
                                         .columns = 2,
                                         .eps = 0.01F};
            run(library(), {must(kernels::norm(library(), args))});
            out.check(fmt::format("norm of {} groups", groups), kLimit);
        }
    }
}

}  // namespace
}  // namespace kvscope::test
