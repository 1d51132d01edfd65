// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/cli/chat_options.h"
#include "app/cli/model_options.h"
#include "app/cli/policy_options.h"
#include "engine/runtime/sampler.h"

namespace kvscope::cli {

/// What `run` was asked for.
struct RunSettings {
    ModelOptions model;
    PolicyOptions cache;
    ChatSettings chat;
    std::string prompt, promptFile, promptsFile, record;
    std::vector<std::string> policyAt;  ///< STEP:POLICY
    std::uint32_t tokens = 64;
    std::uint32_t context = 0;
    std::uint32_t errorEvery = 0;
    runtime::SamplerOptions sampler;
    bool exactLane = false, kernelTimes = false, parseSpecial = false, json = false;
};

/// A policy that takes over before a step.
struct PolicySwitch {
    std::uint64_t step = 0;
    cache::CachePolicy policy;
};

}  // namespace kvscope::cli
