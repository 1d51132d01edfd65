// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/runtime/engine.h"

namespace kvscope::runtime {

struct MatrixSize {
    std::uint32_t rows = 0, columns = 0;  ///< columns a multiple of 256, so that every type has whole blocks
};

struct WeightSpeedOptions {
    std::vector<std::string> types;  ///< ggml's names ("Q4_K"); empty = weightTypes()
    std::vector<MatrixSize> sizes{{2048, 2048}, {576, 1536}};
    std::uint32_t repeats = 5;
    std::function<void(const std::string& what)> progress;
};

/// Time of a matrix of one type times a vector, on random weights.
struct WeightSpeed {
    std::string type;
    MatrixSize size;
    std::uint64_t bytes = 0;      ///< of the weights, without padding and tables
    std::vector<double> seconds;  ///< of one product, one a repeat
    std::vector<double> ratios;   ///< to a product with Q8_0 weights that was timed right before, one a repeat
};

/// The types that kernels read, by their ids in files.
[[nodiscard]] std::vector<std::string_view> weightTypes();

/// Times the kernel of steps with one column in submissions of several products; every type is timed in turn, repeat
/// after repeat. The clock is the host's; on a device that runs on the CPU it is the CPU time of this process, all its
/// threads together, so that other load counts little. The same matrix is read again and again: one that fits a cache
/// of the device is read from there. Errors: BadUsage for a type that kernels do not read or a size that has no whole
/// blocks; those of the device.
Result<std::vector<WeightSpeed>> measureWeightSpeed(Engine& engine, const WeightSpeedOptions& options,
                                                    std::stop_token stop);

}  // namespace kvscope::runtime
