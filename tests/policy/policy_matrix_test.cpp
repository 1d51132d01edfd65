// SPDX-License-Identifier: Apache-2.0
// The registry as a product: every pair of storage types with every keep, over head sizes. What validate lets pass
// has the properties that the store and the kernels rely on; what it refuses has a reason.
#include <gtest/gtest.h>

#include <set>

#include "engine/cache/encode/row_codec.h"
#include "engine/cache/keep/planner.h"
#include "engine/cache/policy/policy.h"
#include "engine/cache/policy/registry.h"

namespace kvscope::cache {
namespace {

struct Combination {
    std::string key, value, keep;
    std::string positions;

    [[nodiscard]] std::string text() const {
        std::string made = fmt::format("encode=k:{},v:{}", key, value);
        if (!keep.empty()) made += " keep=" + keep;
        return made + positions;
    }
};

std::vector<Combination> product() {
    std::vector<std::string> keeps = {"", "sinks(4)+window(8)", "sinks(0)+window(1)", "sinks(4)+window(100000)"};
    for (const MemberInfo& member : members()) {
        if (member.place == Place::KeepProtector) keeps.emplace_back(member.name);
    }
    std::vector<Combination> all;
    for (const MemberInfo& key : members()) {
        for (const MemberInfo& value : members()) {
            if (key.place != Place::EncodeType || value.place != Place::EncodeType) continue;
            for (const std::string& keep : keeps) {
                for (const char* positions : {"", " positions=renumbered"})
                    all.push_back({std::string(key.name), std::string(value.name), keep, positions});
            }
        }
    }
    return all;
}

TEST(PolicyMatrix, TextFormsRoundTripAndDiffer) {
    std::set<std::string> texts;
    for (const Combination& combination : product()) {
        const auto policy = CachePolicy::parse(combination.text());
        ASSERT_TRUE(policy) << policy.error().text();
        const std::string text = policy->toText();
        EXPECT_EQ(CachePolicy::parse(text).value(), *policy) << text;
        EXPECT_EQ(policy->storage(Role::Key), combination.key) << text;
        EXPECT_EQ(policy->storage(Role::Value), combination.value) << text;
        EXPECT_EQ(policy->exact, text == "exact");
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), product().size());
}

TEST(PolicyMatrix, LegalIffBlocksFitAndTheNewestRowStays) {
    for (const unsigned headDim : {8U, 32U, 48U, 64U, 128U}) {
        for (const Combination& combination : product()) {
            const CachePolicy policy = CachePolicy::parse(combination.text()).value();
            const Validation found = validate(policy, {"llama", 5, 8, 4, headDim, 2048});
            const auto blockFits = [headDim](const std::string& type) {
                return !type.starts_with('q') || headDim % 32 == 0;
            };
            const bool window = combination.keep.empty() || combination.keep.contains("window");
            const bool legal =
                blockFits(combination.key) && blockFits(combination.value) && window && combination.positions.empty();
            EXPECT_EQ(found.errors.empty(), legal) << combination.text() << " head size " << headDim;
            for (const Error& error : found.errors) {
                EXPECT_TRUE(error.where.starts_with("policy: ")) << error.text();
                EXPECT_GT(error.message.size(), 30U) << error.text();
            }
        }
    }
}

TEST(PolicyMatrix, LegalPoliciesKeepWhatTheMaskShows) {
    for (const Combination& combination : product()) {
        const CachePolicy policy = CachePolicy::parse(combination.text()).value();
        if (!validate(policy, {"llama", 5, 8, 4, 64, 2048}).errors.empty()) continue;
        std::vector<ResidentRow> rows;
        for (std::uint32_t i = 0; i < 600; ++i) rows.push_back({i, i});
        const Plan plan = planKeep(policy.keep, {rows, 600});
        std::set<std::uint32_t> dropped;
        for (const PlanItem& item : plan.items) dropped.insert(item.position);
        for (const ResidentRow& row : rows) {
            const bool kept = policy.keep.chain.empty() || isKept(policy.sinks(), policy.window(), 600, row.position);
            EXPECT_EQ(!dropped.contains(row.position), kept) << combination.text() << " row " << row.position;
        }
        EXPECT_TRUE(isKept(policy.sinks(), policy.keep.chain.empty() ? 1 : policy.window(), 600, 600));
    }
}

}  // namespace
}  // namespace kvscope::cache
