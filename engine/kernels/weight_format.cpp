// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/weight_format.h"

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
    WeightFormat{shared::kWeightQ6_K, "Q6_K", 256, 210, {128, 64, 16, 2}, {0, 128, 192, 208}, 72},
};

}  // namespace

const WeightFormat* findWeightFormat(std::string_view ggmlName) {
    for (const WeightFormat& format : kFormats) {
        if (format.ggmlName == ggmlName) return &format;
    }
    return nullptr;
}

}  // namespace kvscope::kernels
