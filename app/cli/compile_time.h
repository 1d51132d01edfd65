// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/runtime/engine.h"

namespace kvscope::cli {

/// What compiling kernels has cost so far.
struct CompileTime {
    double seconds = 0;         ///< all together
    double slowestSeconds = 0;  ///< of one kernel
    std::string slowest;        ///< its name
};
[[nodiscard]] CompileTime compileTime(runtime::Engine& engine);

}  // namespace kvscope::cli
