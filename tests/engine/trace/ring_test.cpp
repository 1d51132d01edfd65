// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace kvscope::trace {
namespace {

BundlePtr numbered(std::uint64_t step) {
    auto bundle = std::make_shared<StepBundle>();
    bundle->step.step = step;
    return bundle;
}

TEST(Ring, DropsTheOldestAndCounts) {
    Ring ring(3);
    for (std::uint64_t i = 0; i < 5; ++i) ring.push(numbered(i));
    EXPECT_EQ(ring.dropped(), 2U);
    const std::vector<BundlePtr> taken = ring.take();
    ASSERT_EQ(taken.size(), 3U);
    EXPECT_EQ(taken[0]->step.step, 2U);
    EXPECT_EQ(taken[2]->step.step, 4U);
    EXPECT_TRUE(ring.take().empty());
    EXPECT_EQ(ring.dropped(), 2U);
}

TEST(Ring, OfNoCapacityDropsAll) {
    Ring ring(0);
    ring.push(numbered(0));
    EXPECT_EQ(ring.dropped(), 1U);
    EXPECT_TRUE(ring.take().empty());
}

TEST(Ring, TwoThreadsLoseNothingUncounted) {
    constexpr std::uint64_t kCount = 20'000;
    Ring ring(16);
    std::atomic<bool> ended = false;
    std::thread engine([&] {
        for (std::uint64_t i = 0; i < kCount; ++i) ring.push(numbered(i));
        ended = true;
    });
    std::uint64_t seen = 0;
    std::uint64_t next = 0;
    bool rising = true;
    for (bool last = false; !last;) {
        last = ended;
        for (const BundlePtr& bundle : ring.take()) {
            rising = rising && bundle->step.step >= next;
            next = bundle->step.step + 1;
            ++seen;
        }
    }
    engine.join();
    EXPECT_TRUE(rising);
    EXPECT_EQ(next, kCount);
    EXPECT_EQ(seen + ring.dropped(), kCount);
}

}  // namespace
}  // namespace kvscope::trace
