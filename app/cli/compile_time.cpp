// SPDX-License-Identifier: Apache-2.0
#include "app/cli/compile_time.h"

#include "engine/runtime/engine_impl.h"

namespace kvscope::cli {

CompileTime compileTime(runtime::Engine& engine) {
    const kernels::KernelLibrary& library = *engine.impl().library;
    const auto [name, seconds] = library.slowestCompile();
    return {library.compileSeconds(), seconds, name};
}

}  // namespace kvscope::cli
