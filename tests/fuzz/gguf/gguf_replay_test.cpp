// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "engine/base/rng.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/fuzz/gguf/gguf_entry.h"

namespace kvscope::gguf::test {
namespace {

using Bytes = std::vector<std::byte>;

TEST(GgufReplay, FixturesGoThroughTheFuzzEntry) {
    EXPECT_TRUE(exerciseGguf(richFile()));
    EXPECT_TRUE(exerciseGguf(richFile(true)));
    EXPECT_TRUE(exerciseGguf(packParts(splitFiles())));
    EXPECT_TRUE(exerciseGguf(packParts(splitFiles(true))));
    for (const Fault& fault : faults()) EXPECT_FALSE(exerciseGguf(fault.bytes)) << fault.name;
}

/// One change of the kinds that break readers: bits, whole numbers, cuts, and moved pieces.
void mutate(Bytes& bytes, Rng& rng) {
    static constexpr std::array<std::uint64_t, 14> kNumbers{
        0,           1,    2, 31, 63, 64, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1ULL << 61U, 0x7FFFFFFFFFFFFFFF,
        1ULL << 63U, ~0ULL};
    const std::size_t at = rng.below(bytes.size());
    switch (rng.below(5)) {
        case 0:
            bytes[at] ^= static_cast<std::byte>(1U << rng.below(8));
            break;
        case 1:
            bytes[at] = static_cast<std::byte>(rng.below(256));
            break;
        case 2: {
            const std::uint64_t number = kNumbers[rng.below(kNumbers.size())];
            std::memcpy(&bytes[at], &number, std::min<std::size_t>(rng.below(2) == 0 ? 4 : 8, bytes.size() - at));
            break;
        }
        case 3: {
            const std::size_t count = std::min<std::size_t>(1 + rng.below(24), bytes.size() - at);
            const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
            const Bytes piece(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (rng.below(2) == 0) {
                bytes.insert(begin, piece.begin(), piece.end());
            } else if (bytes.size() > count) {
                bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            }
            break;
        }
        default:
            if (rng.below(8) == 0) bytes.resize(at + 1);
    }
}

struct Counts {
    int accepted = 0;
    int refused = 0;
};

Counts replay(const Bytes& seed, int rounds) {
    Rng rng(20261125);
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < rounds; ++round) {
        Bytes bytes = seed;
        const std::uint64_t changes = 1 + rng.below(6);
        for (std::uint64_t i = 0; i < changes; ++i) mutate(bytes, rng);
        EXPECT_NO_THROW((exerciseGguf(bytes) ? accepted : refused) += 1) << "round " << round;
    }
    return {accepted, refused};
}

// In each of these both ways are reached often, else the test says little.
TEST(GgufReplay, MutatedFilesReturnOrAreRefused) {
    const Counts counts = replay(richFile(), 20000);
    EXPECT_GT(counts.accepted, 500);
    EXPECT_GT(counts.refused, 5000);
}

TEST(GgufReplay, MutatedBigEndianFilesReturnOrAreRefused) {
    const Counts counts = replay(richFile(true), 20000);
    EXPECT_GT(counts.accepted, 500);
    EXPECT_GT(counts.refused, 5000);
}

TEST(GgufReplay, MutatedSplitModelsReturnOrAreRefused) {
    for (const bool bigEndian : {false, true}) {
        const Counts counts = replay(packParts(splitFiles(bigEndian)), 10000);
        EXPECT_GT(counts.accepted, 500);
        EXPECT_GT(counts.refused, 2000);
    }
}

TEST(GgufReplay, NoiseIsRefused) {
    Rng rng(3);
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes(rng.below(300));
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.below(256));
        EXPECT_FALSE(exerciseGguf(bytes));
    }
}

}  // namespace
}  // namespace kvscope::gguf::test
