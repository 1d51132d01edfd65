// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "engine/planner/plan.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {

inline constexpr std::uint64_t kMillion = 1048576;
inline constexpr std::uint64_t k128 = 131072;

/// The dimensions of a preset; a failure and no dimensions when there is none.
inline model::Hparams preset(std::string_view name) {
    const auto found = findPreset(name);
    EXPECT_TRUE(found) << name;
    return found ? (*found)->make() : model::Hparams{};
}

inline PlanPolicy policy(std::string_view text) {
    auto parsed = PlanPolicy::parse(text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text());
    return parsed ? std::move(*parsed) : PlanPolicy{};
}

/// The plan of a request; an empty one and a failure when it is refused.
inline Plan planOf(PlanRequest request, std::uint64_t context) {
    auto planner = Planner::create(std::move(request));
    EXPECT_TRUE(planner) << (planner ? "" : planner.error().text());
    if (!planner) return {};
    auto plan = planner->at(context);
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().text());
    return plan ? std::move(*plan) : Plan{};
}

inline Plan planOf(model::Hparams hparams, std::string_view text, std::uint64_t context) {
    return planOf(PlanRequest{.hparams = std::move(hparams), .policy = policy(text)}, context);
}

/// The sentence with which a policy is refused; empty when it is legal.
inline std::string refusal(model::Hparams hparams, std::string_view text) {
    const auto planner = Planner::create({.hparams = std::move(hparams), .policy = policy(text)});
    return planner ? "" : planner.error().text();
}

}  // namespace kvscope::planner
