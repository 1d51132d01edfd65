// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/weight_format.h"

#include "engine/base/iq1_grid.h"
#include "engine/base/iq2_grids.h"
#include "engine/base/iq3_grids.h"
#include "engine/kernels/weight_arrange.h"
#include "shaders/shared/constants.h"

namespace kvscope::kernels {

namespace {

// Section order and sizes must be those that the decoder of the format reads.
constexpr std::array kFormats{
    WeightFormat{shared::kWeightF32, "F32", 1, 4, {4, 0, 0, 0}, {}, 128},
    WeightFormat{shared::kWeightF16, "F16", 1, 2, {2, 0, 0, 0}, {}, 64},
    WeightFormat{shared::kWeightBF16, "BF16", 1, 2, {2, 0, 0, 0}, {}, 64},
    WeightFormat{shared::kWeightQ8_0, "Q8_0", 32, 34, {32, 2, 0, 0}, {2, 0, 0, 0}, 36},
    WeightFormat{shared::kWeightQ4_0, "Q4_0", 32, 18, {16, 2, 0, 0}, {2, 0, 0, 0}, 20},
    WeightFormat{shared::kWeightQ4_1, "Q4_1", 32, 20, {16, 4, 0, 0}, {4, 0, 0, 0}, 20},
    WeightFormat{shared::kWeightQ5_0, "Q5_0", 32, 22, {16, 4, 2, 0}, {6, 2, 0, 0}, 24},
    WeightFormat{shared::kWeightQ5_1, "Q5_1", 32, 24, {16, 4, 4, 0}, {8, 4, 0, 0}, 24},
    WeightFormat{shared::kWeightQ6_K, "Q6_K", 256, 210, {128, 64, 16, 2}, {0, 128, 192, 208}, 32, {}, &arrangeQ6_K},
    WeightFormat{shared::kWeightF64, "F64", 1, 8, {8, 0, 0, 0}, {}, 256},
    WeightFormat{shared::kWeightQ2_K, "Q2_K", 256, 84, {64, 16, 4, 0}, {16, 0, 80, 0}, 40},
    WeightFormat{shared::kWeightQ3_K, "Q3_K", 256, 110, {64, 32, 12, 2}, {32, 0, 96, 108}, 76},
    WeightFormat{shared::kWeightQ4_K, "Q4_K", 256, 144, {128, 16, 0, 0}, {16, 0, 0, 0}, 32, {}, &arrangeQ4_K},
    WeightFormat{shared::kWeightQ5_K, "Q5_K", 256, 176, {128, 32, 16, 0}, {48, 16, 0, 0}, 36, {}, &arrangeQ5_K},
    WeightFormat{shared::kWeightIQ1_S, "IQ1_S", 256, 50, {48, 2, 0, 0}, {2, 0, 0, 0}, 12, kIq1Grid},
    WeightFormat{shared::kWeightIQ1_M, "IQ1_M", 256, 56, {56, 0, 0, 0}, {}, 16, kIq1Grid},
    WeightFormat{shared::kWeightIQ2_XXS, "IQ2_XXS", 256, 66, {64, 2, 0, 0}, {2, 0, 0, 0}, 12, kIq2XxsGrid},
    WeightFormat{shared::kWeightIQ2_XS, "IQ2_XS", 256, 74, {64, 8, 2, 0}, {2, 66, 0, 0}, 16, kIq2XsGrid},
    WeightFormat{shared::kWeightIQ2_S, "IQ2_S", 256, 82, {64, 16, 2, 0}, {2, 66, 0, 0}, 20, kIq2SGrid},
    WeightFormat{shared::kWeightIQ3_XXS, "IQ3_XXS", 256, 98, {96, 2, 0, 0}, {2, 0, 0, 0}, 16, kIq3XxsGrid},
    WeightFormat{shared::kWeightIQ3_S, "IQ3_S", 256, 110, {108, 2, 0, 0}, {2, 0, 0, 0}, 24, kIq3SGrid},
    WeightFormat{shared::kWeightIQ4_NL, "IQ4_NL", 32, 18, {16, 2, 0, 0}, {2, 0, 0, 0}, 20},
    WeightFormat{shared::kWeightIQ4_XS, "IQ4_XS", 256, 136, {128, 8, 0, 0}, {8, 0, 0, 0}, 24},
    WeightFormat{shared::kWeightTQ1_0, "TQ1_0", 256, 54, {48, 4, 2, 0}, {0, 48, 52, 0}, 40},
    WeightFormat{shared::kWeightTQ2_0, "TQ2_0", 256, 66, {64, 2, 0, 0}, {0, 64, 0, 0}, 36},
    WeightFormat{shared::kWeightMXFP4, "MXFP4", 32, 17, {16, 1, 0, 0}, {1, 0, 0, 0}, 20},
    WeightFormat{shared::kWeightNVFP4, "NVFP4", 64, 36, {32, 4, 0, 0}, {4, 0, 0, 0}, 20},
    WeightFormat{shared::kWeightQ1_0, "Q1_0", 128, 18, {16, 2, 0, 0}, {2, 0, 0, 0}, 8},
    WeightFormat{shared::kWeightQ2_0, "Q2_0", 64, 18, {16, 2, 0, 0}, {2, 0, 0, 0}, 12},
};

}  // namespace

const WeightFormat* findWeightFormat(std::string_view ggmlName) {
    for (const WeightFormat& format : kFormats) {
        if (format.ggmlName == ggmlName) return &format;
    }
    return nullptr;
}

}  // namespace kvscope::kernels
