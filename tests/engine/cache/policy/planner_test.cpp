// SPDX-License-Identifier: Apache-2.0
// Sinks + window as a mask and as plans; the oracle is the mask's definition over all later queries.
#include "engine/cache/keep/planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/base/rng.h"
#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

KeepPart keepOf(const char* text) {
    return CachePolicy::parse(text).value().keep;
}

TEST(Planner, MaskByHand) {
    // sinks 2, window 3: a row of the mask per query, x = visible
    const char* const expected[] = {"x.......", "xx......", "xxx.....", "xxxx....",
                                    "xxxxx...", "xx.xxx..", "xx..xxx.", "xx...xxx"};
    for (std::uint32_t query = 0; query < 8; ++query) {
        std::string row;
        for (std::uint32_t k = 0; k < 8; ++k) row += isKept(2, 3, query, k) ? 'x' : '.';
        EXPECT_EQ(row, expected[query]) << query;
    }
    EXPECT_FALSE(isKept(0, 0, 5, 5));
    EXPECT_TRUE(isKept(0, 1, 5, 5));
    EXPECT_FALSE(isKept(0, 1, 5, 4));
    EXPECT_TRUE(isKept(0, 0xFFFFFFFF, 0xFFFFFFFF, 0x10));
}

TEST(Planner, DropsExactlyWhatNoLaterQuerySees) {
    Rng rng(3);
    for (int round = 0; round < 300; ++round) {
        const auto sinks = static_cast<std::uint32_t>(rng.below(6));
        const auto window = static_cast<std::uint32_t>(rng.below(12) + 1);
        const auto next = static_cast<std::uint32_t>(rng.below(60));
        std::vector<ResidentRow> rows;
        for (std::uint32_t slot = 0; slot < 40; ++slot) {
            if (next > 0 && rng.below(3) != 0) rows.push_back({slot, static_cast<std::uint32_t>(rng.below(next))});
        }
        const KeepPart keep = keepOf(fmt::format("keep=sinks({})+window({})", sinks, window).c_str());
        const Plan plan = planKeep(keep, {rows, next});
        std::set<std::uint32_t> dropped;
        for (const PlanItem& item : plan.items) {
            EXPECT_EQ(item.action, PlanAction::Drop);
            EXPECT_LT(item.score, item.threshold);
            EXPECT_TRUE(dropped.insert(item.slot).second);
        }
        for (const ResidentRow& row : rows) {
            bool seen = false;
            for (std::uint32_t query = next; query < next + 100; ++query)
                seen = seen || row.position < sinks || query - row.position < window;
            EXPECT_EQ(dropped.contains(row.slot), !seen) << row.position << " next " << next;
        }
    }
}

TEST(Planner, AStreamHoldsSinksAndWindow) {
    const KeepPart keep = keepOf("keep=sinks(4)+window(256)");
    std::vector<ResidentRow> rows;
    std::size_t most = 0;
    for (std::uint32_t position = 0; position < 4096; ++position) {
        rows.push_back({position, position});
        most = std::max(most, rows.size());
        const Plan plan = planKeep(keep, {rows, position + 1});
        EXPECT_LE(plan.items.size(), 1U);
        std::erase_if(rows, [&](const ResidentRow& row) {
            return std::ranges::find(plan.items, row.slot, &PlanItem::slot) != plan.items.end();
        });
        EXPECT_TRUE(planKeep(keep, {rows, position + 1}).items.empty()) << "a plan applied leaves nothing to do";
    }
    EXPECT_EQ(most, 260U);
    ASSERT_EQ(rows.size(), 259U);  // 4 sinks and 255 of the window; the next query's own row is the 256th
    EXPECT_EQ(rows[3].position, 3U);
    EXPECT_EQ(rows[4].position, 4096U - 255U);
}

TEST(Planner, PlansAreInOrderAndPure) {
    const std::vector<ResidentRow> rows = {{7, 9}, {3, 5}, {1, 5}, {0, 2}, {9, 11}};
    const KeepPart keep = keepOf("keep=sinks(1)+window(2)");
    const Plan plan = planKeep(keep, {rows, 12});
    std::vector<std::uint32_t> slots;
    for (const PlanItem& item : plan.items) slots.push_back(item.slot);
    EXPECT_EQ(slots, (std::vector<std::uint32_t>{0, 1, 3, 7}));
    EXPECT_EQ(plan.items[3].score, -2.0F);  // position 9: two rows outside the window that begins at 11
    EXPECT_EQ(plan.items[0].score, -2.0F);  // position 2: two rows past the last sink
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        EXPECT_TRUE(std::isnan(plan.items[i].predictedError));
        EXPECT_EQ(planKeep(keep, {rows, 12}).items[i].slot, plan.items[i].slot);
    }
}

TEST(Planner, KeepAllDropsNothingAndNothingIsNeeded) {
    const std::vector<ResidentRow> rows = {{0, 0}, {1, 1}};
    EXPECT_TRUE(planKeep(KeepPart{}, {rows, 1000000}).items.empty());
    EXPECT_TRUE(planKeep(keepOf("keep=window(1)"), {{}, 5}).items.empty());
    EXPECT_EQ(needsOf(keepOf("keep=sinks+window")), Needs{});
    EXPECT_EQ(needsOf(KeepPart{}), Needs{});
}

TEST(Planner, RowsThatAreNotOlderThanTheNextQueryStay) {
    const std::vector<ResidentRow> rows = {{0, 10}, {1, 11}, {2, 30}};
    EXPECT_TRUE(planKeep(keepOf("keep=window(1)"), {rows, 10}).items.empty());
}

TEST(Planner, ProtectorsNeverTakeARowBack) {
    for (const Descriptor& descriptor : descriptors()) {
        if (descriptor.protector == nullptr) continue;
        for (std::uint32_t n : {0U, 1U, 3U, 10U}) {
            for (std::uint32_t row = 0; row < 20; ++row) {
                bool before = true;
                for (std::uint32_t query = row; query < 50; ++query) {
                    const bool now = descriptor.protector->protects(n, query, row);
                    EXPECT_TRUE(before || !now) << descriptor.info.name << " " << n << " " << query << " " << row;
                    EXPECT_EQ(now, descriptor.protector->margin(n, query, row) >= 0);
                    before = now;
                }
            }
        }
    }
}

}  // namespace
}  // namespace kvscope::cache
