// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/bridge/engine_backend.h"

namespace kvscope::shell {

/// The desktop program from its arguments to its exit code, over any source of runs. Exit codes: 0 ok, 1 the run
/// failed, 2 bad usage, 3 bad input file, 4 no usable device.
int runApplication(int& argc, char** argv,
                   const std::function<std::unique_ptr<bridge::EngineBackend>(const std::string& device)>& make);

}  // namespace kvscope::shell
