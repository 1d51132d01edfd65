// SPDX-License-Identifier: Apache-2.0
// Kernels that write rows of the cache: rope_append and kv_move.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/kernels/rows.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/rope_fixture.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

/// Two products and a sum in single precision.
constexpr double kRotationLimit = 1e-13;

std::vector<std::byte> bytesOf(std::span<const std::uint32_t> words) {
    const auto bytes = std::as_bytes(words);
    return {bytes.begin(), bytes.end()};
}

/// Pages full of the canvas's pattern, into which expected rows are put.
struct ExpectedPages {
    ExpectedPages(const kernels::AttentionShape& wanted, std::size_t words)
        : shape(wanted), bytes(bytesOf(std::vector<std::uint32_t>(words, Canvas::kPattern))) {}
    void put(std::uint32_t slot, std::span<const float> key, std::span<const float> value) {
        const auto page = std::span(bytes).subspan(slot / 32 * shape.pageBytes(), shape.pageBytes());
        const std::string k(shape.key->name);
        const std::string v(shape.value->name);
        putRow(k, shape.headDim, page.first(shape.pageKeyBytes()), slot % 32, encoded(k, key));
        putRow(v, shape.headDim, page.subspan(shape.pageKeyBytes()), slot % 32, encoded(v, value));
    }
    void expectEqual(Canvas& pages, const std::string& what) const {
        const std::vector<std::byte> got = bytesOf(pages.words());
        ASSERT_EQ(got.size(), bytes.size());
        const auto [a, b] = std::mismatch(got.begin(), got.end(), bytes.begin());
        EXPECT_EQ(a, got.end()) << what << ": byte " << a - got.begin() << " of " << got.size() << " (page of "
                                << shape.pageBytes() << ", keys " << shape.pageKeyBytes() << ") differs";
    }
    /// For q8_0 made of q4_0: halves of a step occur exactly (127 / 8 times an odd number), and a division that is not
    /// rounded as on the CPU decides them otherwise. So: at most one step of the 8 bits, in few values.
    void expectWithinAStep(Canvas& pages, const std::string& what) const {
        const std::vector<std::byte> got = bytesOf(pages.words());
        std::size_t differ = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            const int step = static_cast<std::int8_t>(got[i]) - static_cast<std::int8_t>(bytes[i]);
            EXPECT_LE(std::abs(step), 1) << what << ": byte " << i;
            differ += step != 0 ? 1 : 0;
        }
        EXPECT_LT(differ, got.size() / 20) << what;
    }
    kernels::AttentionShape shape;
    std::vector<std::byte> bytes;
};

class RopeAppend : public VulkanTest {
  protected:
    static void check(const RopeSpec& spec);
    static void checkActivations(RopeRun& rope, const std::string& what);
};

void RopeAppend::checkActivations(RopeRun& rope, const std::string& what) {
    const auto after = rope.activations.view<float>();
    std::vector<bool> isQuery(rope.before.size(), false);
    std::vector<float> got;
    std::vector<double> expected;
    for (std::uint32_t c = 0; c < rope.spec.columns; ++c) {
        for (std::uint32_t head = 0; head < rope.args.shape.heads; ++head) {
            const std::size_t at = rope.queryAt(c, head);
            for (std::uint32_t i = 0; i < rope.spec.headDim; ++i) {
                isQuery[at + i] = i < 2 * rope.spec.pairs;
                got.push_back(after[at + i]);
                expected.push_back(rope.rotated(at, c, i));
            }
        }
    }
    EXPECT_LT(nmse(got, expected), kRotationLimit) << what;
    for (std::size_t i = 0; i < rope.before.size(); ++i) {
        if (isQuery[i]) continue;
        ASSERT_EQ(after[i], rope.before[i]) << what << ": word " << i << " is not a rotated query";
    }
}

/// With exact rows of all columns, the bytes in the pages must be the CPU codecs' of those rows.
void RopeAppend::check(const RopeSpec& spec) {
    RopeRun rope(device(), spec);
    const std::string what =
        fmt::format("rope_append {}/{} d {} pairs {}", spec.key, spec.value, spec.headDim, rope.spec.pairs);
    run(library(), {must(kernels::ropeAppend(library(), rope.args))});
    checkActivations(rope, what);
    ExpectedPages expected(rope.args.shape, rope.pages.words().size());
    std::vector<float> keys;
    std::vector<double> rotated;
    for (std::uint32_t c = 0; c < spec.columns; ++c) {
        for (std::uint32_t head = 0; head < spec.kvHeads; ++head) {
            const std::uint32_t slot = rope.slots[head * spec.columns + c];
            rope.positions.expectWritten(slot, 1);
            EXPECT_EQ(rope.positions.words()[slot], rope.positionAt[c]) << what;
            rope.aside.expectWritten(rope.asideAt(c, head, false), std::size_t{2} * spec.headDim);
            const auto key = rope.aside.floats().subspan(rope.asideAt(c, head, false), spec.headDim);
            const auto value = rope.aside.floats().subspan(rope.asideAt(c, head, true), spec.headDim);
            for (std::uint32_t i = 0; i < spec.headDim; ++i) {
                keys.push_back(key[i]);
                rotated.push_back(rope.rotated(rope.keyAt(c, head), c, i));
                EXPECT_EQ(value[i], rope.before[rope.valueAt(c, head) + i]) << what;
            }
            expected.put(slot, key, value);
        }
    }
    EXPECT_LT(nmse(keys, rotated), kRotationLimit) << what;
    rope.positions.check(what + ": positions");
    rope.aside.check(what + ": rows kept aside");
    expected.expectEqual(rope.pages, what);
}

TEST_F(RopeAppend, RowsAreTheCodecsBytes) {
    for (const char* key : {"f32", "f16", "q8_0", "q4_0"}) {
        for (const char* value : {"f16", "q4_0"}) check({.key = key, .value = value, .columns = 30, .allAside = true});
    }
    check({.key = "q8_0", .value = "q8_0", .headDim = 64, .group = 3, .columns = 3, .allAside = true});
    check({.key = "q4_0", .value = "q8_0", .headDim = 96, .columns = 3, .allAside = true});
}

TEST_F(RopeAppend, RowsOfEveryMagnitude) {
    for (const float magnitude : {0.0F, 1e-6F, 1e-3F, 1000.0F}) {
        for (const char* storage : {"f16", "q8_0", "q4_0"}) {
            check({.key = storage, .value = "q4_0", .columns = 30, .allAside = true, .magnitude = magnitude});
        }
    }
}

TEST_F(RopeAppend, BothPairingsAndRotationOfAPart) {
    for (const bool halves : {false, true}) {
        for (const std::uint32_t pairs : {4U, 13U, 16U}) {
            check({.columns = 2, .pairs = pairs, .halves = halves, .allAside = true, .firstSlot = 31});
        }
        check({.headDim = 8, .kvHeads = 3, .halves = halves, .allAside = true});
        check({.headDim = 128, .kvHeads = 1, .halves = halves, .allAside = true});
    }
}

TEST_F(RopeAppend, OnlyColumnsThatAskAreKeptAside) {
    const RopeSpec spec{.key = "q8_0", .value = "q4_0", .columns = 5};
    RopeRun some(device(), spec);
    RopeSpec other = spec;
    other.exact = false;
    RopeRun none(device(), other);
    run(library(), {must(kernels::ropeAppend(library(), some.args)), must(kernels::ropeAppend(library(), none.args))});
    for (std::uint32_t c = 0; c < spec.columns; c += 2) {
        some.aside.expectWritten(some.asideAt(c, 0, false), std::size_t{spec.kvHeads} * 2 * spec.headDim);
    }
    some.aside.check("rows kept aside");
    none.aside.check("no rows kept aside");
    EXPECT_EQ(bytesOf(some.pages.words()), bytesOf(none.pages.words())) << "keeping aside changes no row";
}

class KvMove : public VulkanTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(KvMove, RowsBecomeTheCodecsBytesAtTheirNewPlaces) {
    const std::string to = GetParam();
    for (const std::string from : {"f32", "f16", "q8_0", "q4_0"}) {
        const HandCache source(device(), {.key = from, .value = from, .kvHeads = 1, .rows = {77}});
        kernels::AttentionShape shape = source.shape();
        shape.key = shape.value = kernels::findRowStorage(to);
        Canvas pages(device(), 3 * shape.pageBytes() / 4);
        Canvas positions(device(), 96);
        ExpectedPages expected(shape, pages.words().size());
        std::vector<std::uint32_t> moves{1, 1};  // skipped: the dispatch begins at move 1
        for (std::uint32_t slot = 0; slot < 77; slot += 2) {
            const std::uint32_t target = 95 - slot;
            moves.push_back(source.table[0][slot / 32] * 32 + slot % 32);
            moves.push_back(target);
            positions.expectWritten(target, 1);
            expected.put(target, source.key[0][slot], source.value[0][slot]);
        }
        const vulkan::Buffer list = bufferOf(device(), moves);
        kernels::KvMoveArgs args{.from = source.shape(), .to = shape, .moves = &list};
        args.fromPages = &source.pages;
        args.fromPositions = &source.positions;
        args.toPages = &pages.buffer();
        args.toPositions = &positions.buffer();
        args.first = 1;
        args.count = 39;
        run(library(), {must(kernels::kvMove(library(), args))});
        if (from == "q4_0" && to == "q8_0") {
            expected.expectWithinAStep(pages, "kv_move " + from + " to " + to);
        } else {
            expected.expectEqual(pages, "kv_move " + from + " to " + to);
        }
        positions.check("kv_move: positions");
        EXPECT_EQ(positions.words()[95 - 40], 40U);
        if (from != to) continue;
        const auto page = std::span(expected.bytes).subspan(2 * shape.pageBytes(), shape.pageKeyBytes());
        EXPECT_EQ(decoded(to, takeRow(to, 32, page, 31)), source.key[0][0]) << to << ": the same numbers after a move";
    }
}

INSTANTIATE_TEST_SUITE_P(Storages, KvMove, ::testing::Values("f32", "f16", "q8_0", "q4_0"));

}  // namespace
}  // namespace kvscope::test
