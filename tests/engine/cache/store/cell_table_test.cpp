// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "engine/base/assert.h"
#include "engine/base/rng.h"
#include "engine/cache/cells/cell_table.h"
#include "tests/engine/cache/store/cell_check.h"

namespace kvscope::test {
namespace {

using cache::CellTable;
using cache::HeadRef;
using cache::Plan;
using cache::PlanAction;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A cell table beside a fake store that does on ids what the device does on rows.
struct Bench {
    explicit Bench(std::uint32_t layers = 2, std::uint32_t kvHeads = 3)
        : table(std::vector(layers, kvHeads)), pools(layers) {}

    void append(HeadRef ref, std::uint32_t position) {
        const std::uint32_t slots = table.slots(ref);
        const std::uint32_t freeSlots = table.freeSlots(ref);
        const std::uint32_t pool = table.poolPages(ref.stream);
        const bool spare = table.usedPages(ref.stream) < pool;
        const std::uint32_t at = table.append(ref, position);
        EXPECT_TRUE(freeSlots == 0 || table.slots(ref) == slots) << "a freed slot is reused before a new one is taken";
        EXPECT_TRUE(!spare || table.poolPages(ref.stream) == pool) << "a freed page is reused before the pool grows";
        const RowId id{ref.sequence, ref.kvHead, position};
        EXPECT_TRUE(pools[ref.stream].emplace(at, id).second) << "slot " << at << " holds a living row";
    }
    void drop(HeadRef ref, const std::vector<cache::ResidentRow>& rows) {
        Plan plan;
        for (const auto& row : rows) {
            plan.items.push_back({PlanAction::Drop, row.slot, row.position});
            pools[ref.stream].erase(table.physical(ref, row.slot));
        }
        table.apply(ref, plan);
    }
    void remove(std::uint32_t sequence) {
        for (std::uint32_t layer = 0; layer < table.streams(); ++layer) {
            for (std::uint32_t head = 0; head < table.kvHeads(layer); ++head) {
                const HeadRef ref{sequence, layer, head};
                for (const auto& row : table.residentRows(ref)) pools[layer].erase(table.physical(ref, row.slot));
            }
        }
        table.removeSequence(sequence);
    }
    void compact(std::uint32_t layer) {
        FakePool moved;
        for (const cache::RowMove& move : table.compact(layer)) {
            const auto row = pools[layer].find(move.from);
            ASSERT_NE(row, pools[layer].end()) << "slot " << move.from << " is moved but holds no row";
            EXPECT_TRUE(moved.emplace(move.to, row->second).second) << "two rows move to slot " << move.to;
        }
        EXPECT_EQ(moved.size(), pools[layer].size()) << "a row was not moved";
        pools[layer] = std::move(moved);
        EXPECT_THAT(notCompact(CellSnapshot::of(table).layers[layer]), IsEmpty());
    }
    void check() const { EXPECT_THAT(violations(CellSnapshot::of(table), pools), IsEmpty()); }

    CellTable table;
    std::vector<FakePool> pools;
};

TEST(CellTable, RowsFillPagesInOrder) {
    Bench bench(1, 2);
    ASSERT_EQ(bench.table.addSequence(), 0U);
    for (std::uint32_t p = 0; p < 33; ++p) {
        bench.append({0, 0, 0}, p);
        bench.append({0, 0, 1}, p);
    }
    EXPECT_EQ(bench.table.slots({0, 0, 1}), 33U);
    EXPECT_EQ(bench.table.poolPages(0), 4U);
    EXPECT_EQ(bench.table.usedPages(0), 4U);
    EXPECT_THAT(bench.table.pages({0, 0, 0}), ::testing::ElementsAre(0U, 2U));
    EXPECT_EQ(bench.table.physical({0, 0, 1}, 32), 3U * 32U);
    bench.check();
}

TEST(CellTable, TheLowestFreedSlotIsTakenFirst) {
    Bench bench(1, 1);
    bench.table.addSequence();
    for (std::uint32_t p = 0; p < 40; ++p) bench.append({0, 0, 0}, p);
    bench.drop({0, 0, 0}, {{20, 20}, {7, 7}});
    EXPECT_EQ(bench.table.rows({0, 0, 0}), 38U);
    EXPECT_EQ(bench.table.append({0, 0, 0}, 40), 7U);
    EXPECT_EQ(bench.table.append({0, 0, 0}, 41), 20U);
    EXPECT_EQ(bench.table.positions({0, 0, 0})[7], 40U);
    EXPECT_EQ(bench.table.slots({0, 0, 0}), 40U);
}

TEST(CellTable, NumbersOfRemovedSequencesAreUsedAgain) {
    Bench bench;
    EXPECT_EQ(bench.table.addSequence(), 0U);
    EXPECT_EQ(bench.table.addSequence(), 1U);
    EXPECT_EQ(bench.table.addSequence(), 2U);
    bench.remove(1);
    EXPECT_FALSE(bench.table.alive(1));
    EXPECT_EQ(bench.table.addSequence(), 1U);
    EXPECT_EQ(bench.table.rows({1, 0, 0}), 0U);
    EXPECT_EQ(bench.table.sequenceCapacity(), 3U);
    EXPECT_FALSE(bench.table.alive(17));
}

TEST(CellTable, APlanThatNamesAnotherRowIsRefused) {
    Bench bench(1, 1);
    bench.table.addSequence();
    bench.append({0, 0, 0}, 5);
    EXPECT_THROW(bench.table.apply({0, 0, 0}, Plan{{{PlanAction::Drop, 0, 6}}}), InternalError);
    EXPECT_THROW(bench.table.apply({0, 0, 0}, Plan{{{PlanAction::Drop, 1, 5}}}), InternalError);
    bench.table.apply({0, 0, 0}, Plan{{{PlanAction::Keep, 0, 5}}});
    EXPECT_EQ(bench.table.rows({0, 0, 0}), 1U);
}

/// Seeded operations on up to five sequences whose heads hold different rows.
void runSchedule(std::uint64_t seed, std::uint32_t operations) {
    Rng rng(seed);
    Bench bench;
    std::map<std::uint32_t, std::uint32_t> next;  // sequence -> position of its next row
    for (std::uint32_t i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
        const std::uint64_t what = rng.below(1000);
        auto chosen = next.begin();
        if (!next.empty()) std::advance(chosen, static_cast<std::ptrdiff_t>(rng.below(next.size())));
        if (next.empty() || (what < 10 && next.size() < 5)) {
            next[bench.table.addSequence()] = 0;
        } else if (what < 12) {
            bench.remove(chosen->first);
            next.erase(chosen);
        } else if (what < 16) {
            bench.compact(static_cast<std::uint32_t>(rng.below(2)));
        } else {
            const HeadRef ref{chosen->first, static_cast<std::uint32_t>(rng.below(2)),
                              static_cast<std::uint32_t>(rng.below(3))};
            if (what < 975 && bench.table.rows(ref) < 150) {
                bench.append(ref, chosen->second++);
            } else {
                std::vector<cache::ResidentRow> gone;
                const std::uint64_t share = 1 + rng.below(6);
                for (const auto& row : bench.table.residentRows(ref)) {
                    if (rng.below(6) < share) gone.push_back(row);
                }
                bench.drop(ref, gone);
            }
        }
        if (i % 64 == 0) bench.check();
    }
    bench.check();
}

TEST(CellTable, HoldsItsInvariantsOverRandomSchedules) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        runSchedule(seed, 10000);
    }
}

/// The checker itself: each invariant, broken once, must be named.
class CellChecker : public ::testing::Test {
  protected:
    void SetUp() override {
        bench.table.addSequence();
        bench.table.addSequence();
        for (std::uint32_t p = 0; p < 70; ++p) {
            for (std::uint32_t s = 0; s < 2; ++s) {
                for (std::uint32_t h = 0; h < 3; ++h) bench.append({s, 0, h}, p);
            }
        }
        bench.drop({0, 0, 1}, {{3, 3}, {40, 40}});
        snapshot = CellSnapshot::of(bench.table);
        ASSERT_THAT(violations(snapshot, bench.pools), IsEmpty());
    }
    void expectFound(const std::string& part) const {
        EXPECT_THAT(violations(snapshot, bench.pools), Contains(HasSubstr(part)));
    }
    CellSnapshot::Head& head(std::size_t i) { return snapshot.layers[0].heads[i]; }
    Bench bench;
    CellSnapshot snapshot;
};

TEST_F(CellChecker, NoticesASlotWithTwoOwners) {
    head(4).pages[1] = head(0).pages[1];
    expectFound("belongs to");
}
TEST_F(CellChecker, NoticesAWrongRowCount) {
    ++head(2).rows;
    expectFound("71 rows are counted, 70 lie there");
}
TEST_F(CellChecker, NoticesALostFreeSlot) {
    --head(1).freeSlots;
    expectFound("1 free slots are counted, 2 are free");
}
TEST_F(CellChecker, NoticesALeakedPage) {
    ++snapshot.layers[0].usedPages;
    expectFound("pages are counted as used");
}
TEST_F(CellChecker, NoticesAPageOutsideThePool) {
    head(5).pages.back() = snapshot.layers[0].poolPages;
    expectFound("outside the pool");
}
TEST_F(CellChecker, NoticesSwappedContent) {
    std::swap(head(3).positions[10], head(3).positions[11]);
    expectFound("holds something else");
}
TEST_F(CellChecker, NoticesARowThatSurvivedItsDrop) {
    head(1).positions[3] = 5;
    expectFound("position 5 twice");
}
TEST_F(CellChecker, NoticesAnotherSequencesRow) {
    std::swap(head(0).pages, head(3).pages);
    expectFound("holds something else");
}
TEST_F(CellChecker, NoticesALayerThatIsNotCompact) {
    EXPECT_THAT(notCompact(snapshot.layers[0]), Contains(HasSubstr("free slots")));
    bench.compact(0);
    snapshot = CellSnapshot::of(bench.table);
    std::swap(head(0).positions[1], head(0).positions[2]);
    EXPECT_THAT(notCompact(snapshot.layers[0]), Contains(HasSubstr("not in order")));
    ++snapshot.layers[0].poolPages;
    EXPECT_THAT(notCompact(snapshot.layers[0]), Contains(HasSubstr("not numbered densely")));
}

}  // namespace
}  // namespace kvscope::test
