// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "app/cli/command.h"

namespace kvscope::cli {

std::span<const Command> commands() {
    static constexpr std::array kCommands{
        Command{"devices", "lists the Vulkan devices, best first", &setupDevices},
        Command{"inspect", "tells what a GGUF file holds, from its header alone (no device needed)", &setupInspect},
        Command{"tokenize", "shows the tokens of a text (no device needed)", &setupTokenize},
        Command{"plan", "tells what a cache will cost, from dimensions alone (no device needed)", &setupPlan},
        Command{"run", "generates text under a cache policy and tells what the cache did", &setupRun},
        Command{"perplexity", "scores a text under a cache policy", &setupPerplexity},
        Command{"bench", "measures speed, bandwidth, memory and what the probes cost", &setupBench},
        Command{"export", "writes a recorded run as CSV or JSON Lines (no device needed)", &setupExport},
    };
    return kCommands;
}

}  // namespace kvscope::cli
