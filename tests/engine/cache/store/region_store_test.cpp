// SPDX-License-Identifier: Apache-2.0
// The store on a device: rows are written as rope_append would, here by the host through a copy.
#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "engine/cache/store/region_store.h"
#include "engine/vulkan/command.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

using cache::CachePolicy;
using cache::RegionStore;
using cache::StoreShape;

class Store : public VulkanTest {
  protected:
    static StoreShape shape(std::uint32_t maxColumns = 64) {
        StoreShape s;
        for (std::uint32_t layer = 0; layer < 2; ++layer) {
            s.streams.push_back({.layer = layer, .heads = 4, .kvHeads = 2, .headDim = 32, .valueDim = 32});
        }
        s.contextLength = 8192;
        s.maxColumns = maxColumns;
        return s;
    }
    void open(const std::string& policy, const StoreShape& s = shape()) {
        m_store = must(RegionStore::create(library(), s, must(CachePolicy::parse(policy))));
        m_sequence = must(m_store->addSequence());
    }
    /// The values of a row, by what it is.
    static std::vector<float> rowValues(std::uint32_t layer, std::uint32_t head, std::uint32_t position, bool value) {
        return normals(32, ((std::uint64_t{position} * 2 + layer) * 2 + head) * 2 + (value ? 1 : 0) + 1000);
    }
    /// Prepares a step of `count` tokens, and writes their rows and positions as the append kernel does.
    void append(std::uint32_t count, bool writeRows = true);
    /// Every resident row must hold the bytes that `chain` of storages, one after the other, makes of its values.
    void expectRows(const std::vector<std::string>& chain) const;
    [[nodiscard]] std::uint32_t slotCount() const { return m_store->cells().slots({m_sequence, 0, 0}); }

    std::unique_ptr<RegionStore> m_store;
    std::uint32_t m_sequence = 0;
    std::uint32_t m_next = 0;
};

void Store::append(std::uint32_t count, bool writeRows) {
    std::vector<RegionStore::Column> columns;
    for (std::uint32_t i = 0; i < count; ++i) columns.push_back({m_sequence, m_next + i});
    must(m_store->prepare(columns));
    const kernels::AttentionShape s = m_store->attentionShape(0);
    const std::string storage(s.key->name);
    const auto index = readBack(device(), m_store->index());
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
        std::vector<std::uint32_t> words = readBack(device(), m_store->pages(layer));
        std::vector<std::uint32_t> positions = readBack(device(), m_store->positions(layer));
        const auto bytes = std::as_writable_bytes(std::span(words));
        for (std::uint32_t head = 0; head < 2; ++head) {
            for (std::uint32_t i = 0; i < count; ++i) {
                const std::uint32_t slot = index[m_store->slotBase(layer) + head * m_store->shape().maxColumns + i];
                positions[slot] = m_next + i;
                if (!writeRows) continue;
                const auto page = bytes.subspan(slot / 32 * s.pageBytes(), s.pageBytes());
                const auto key = rowValues(layer, head, m_next + i, false);
                const auto value = rowValues(layer, head, m_next + i, true);
                putRow(storage, 32, page.first(s.pageKeyBytes()), slot % 32, encoded(storage, key));
                putRow(storage, 32, page.subspan(s.pageKeyBytes()), slot % 32, encoded(storage, value));
            }
        }
        const vulkan::Buffer newPages = bufferOf(device(), words);
        const vulkan::Buffer newPositions = bufferOf(device(), positions);
        auto list = must(vulkan::CommandList::begin(device(), 0, false));
        list.copy(newPages, m_store->pages(layer), newPages.bytes());
        list.copy(newPositions, m_store->positions(layer), newPositions.bytes());
        must(list.end());
        must(list.submitAndWait());
    }
    m_next += count;
}

void Store::expectRows(const std::vector<std::string>& chain) const {
    const kernels::AttentionShape s = m_store->attentionShape(0);
    ASSERT_EQ(s.key->name, chain.back());
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
        const auto words = readBack(device(), m_store->pages(layer));
        const auto positions = readBack(device(), m_store->positions(layer));
        const auto bytes = std::as_bytes(std::span(words));
        for (std::uint32_t head = 0; head < 2; ++head) {
            for (const cache::ResidentRow& row : m_store->cells().residentRows({m_sequence, layer, head})) {
                const std::uint32_t slot = m_store->cells().physical({m_sequence, layer, head}, row.slot);
                ASSERT_EQ(positions[slot], row.position) << "layer " << layer << " head " << head;
                const auto page = bytes.subspan(slot / 32 * s.pageBytes(), s.pageBytes());
                for (const bool value : {false, true}) {
                    std::vector<float> numbers = rowValues(layer, head, row.position, value);
                    for (const std::string& storage : chain) numbers = decoded(storage, encoded(storage, numbers));
                    const auto part = value ? page.subspan(s.pageKeyBytes()) : page.first(s.pageKeyBytes());
                    ASSERT_EQ(takeRow(chain.back(), 32, part, slot % 32), encoded(chain.back(), numbers))
                        << "layer " << layer << " head " << head << " position " << row.position;
                }
            }
        }
    }
}

TEST_F(Store, FiguresAreTheBuffersSizes) {
    const std::uint64_t before = device().allocatedBytes();
    open("encode=q8_0");
    append(64);
    append(3);
    std::uint64_t pages = 0;
    std::uint64_t index = m_store->index().bytes();
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
        pages += m_store->pages(layer).bytes();
        index += m_store->positions(layer).bytes();
    }
    EXPECT_EQ(m_store->pageBytesAllocated(), pages);
    EXPECT_EQ(m_store->indexBytes(), index);
    EXPECT_EQ(device().allocatedBytes() - before, pages + index) << "nothing else is held";
    EXPECT_EQ(m_store->rowBytes(0), 2U * 34U);
    EXPECT_EQ(m_store->rowsResident(), 2U * 2U * 67U);
    EXPECT_GE(pages, m_store->rowsResident() * m_store->rowBytes(0));
    m_store.reset();
    EXPECT_EQ(device().allocatedBytes(), before);
}

TEST_F(Store, GrowingKeepsTheRows) {
    open("encode=f16");
    append(60);
    const std::uint64_t small = m_store->pageBytesAllocated();
    const std::uint64_t generation = m_store->generation();
    for (int i = 0; i < 4; ++i) append(60);
    EXPECT_GT(m_store->pageBytesAllocated(), small);
    EXPECT_GT(m_store->generation(), generation);
    expectRows({"f16"});
}

TEST_F(Store, ABulkDropFreesMemory) {
    open("encode=f16");
    for (int i = 0; i < 8; ++i) append(64);
    const std::uint64_t large = m_store->pageBytesAllocated();
    const std::uint64_t held = device().allocatedBytes();
    must(m_store->setPolicy(must(CachePolicy::parse("keep=sinks(4)+window(40)"))));
    append(1);
    EXPECT_LT(m_store->pageBytesAllocated(), large / 2);
    EXPECT_LT(device().allocatedBytes(), held - large / 2);
    EXPECT_EQ(m_store->cells().rows({m_sequence, 1, 1}), 4U + 40U);
    expectRows({"f16"});
    const auto events = m_store->takeEvents();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].rowsDropped, 2U * 2U * (512 - 4 - 39));
    EXPECT_EQ(events[0].positionFirst, 4U);
    EXPECT_EQ(events[0].positionLast, 512U - 40U);
    EXPECT_EQ(events[0].bytesDropped, events[0].rowsDropped * m_store->rowBytes(0));
    EXPECT_TRUE(m_store->takeMoveTraffic().has_value());
    EXPECT_FALSE(m_store->takeMoveTraffic().has_value());
}

TEST_F(Store, SwitchingTheEncodingConvertsTheRows) {
    open("exact");
    append(64);
    append(7);
    expectRows({"f32"});
    must(m_store->setPolicy(must(CachePolicy::parse("encode=q8_0"))));
    expectRows({"f32", "q8_0"});
    EXPECT_EQ(m_store->rowBytes(0), 2U * 34U);
    must(m_store->setPolicy(must(CachePolicy::parse("encode=q4_0"))));
    expectRows({"f32", "q8_0", "q4_0"});
    must(m_store->setPolicy(must(CachePolicy::parse("exact"))));
    expectRows({"f32", "q8_0", "q4_0", "f32"});
}

TEST_F(Store, ACapOf300RowsHolds4096Tokens) {
    StoreShape capped = shape(16);
    capped.rowsCap = 300;
    open("keep=sinks(4)+window(256)", capped);
    const std::uint64_t bytes = m_store->pageBytesAllocated();
    const std::uint64_t index = m_store->indexBytes();
    while (m_next < 4096) {
        const std::uint32_t count = std::min({16U, 4096U - m_next, m_store->maxAppend(m_sequence, m_next)});
        ASSERT_GT(count, 0U) << "no room at position " << m_next;
        append(count, false);
        ASSERT_EQ(m_store->pageBytesAllocated(), bytes) << "position " << m_next;
        ASSERT_LE(m_store->cells().slots({m_sequence, 1, 1}), 300U);
    }
    EXPECT_EQ(m_store->indexBytes(), index);
    EXPECT_LE(m_store->pageBytesAllocated(), 300U * 2 * 2 * m_store->rowBytes(0));
    must(m_store->prepare(std::vector<RegionStore::Column>{{m_sequence, 4096}}));
    for (const cache::ResidentRow& row : m_store->cells().residentRows({m_sequence, 0, 0})) {
        EXPECT_TRUE(row.position < 4 || row.position > 4096 - 256) << row.position;
    }
    EXPECT_EQ(m_store->cells().rows({m_sequence, 0, 0}), 260U);
}

TEST_F(Store, WithoutEvictionTheCapIsAnError) {
    StoreShape capped = shape();
    capped.rowsCap = 96;
    open("encode=f16", capped);
    append(64, false);
    EXPECT_EQ(m_store->maxAppend(m_sequence, m_next), 32U);
    std::vector<RegionStore::Column> columns;
    for (std::uint32_t i = 0; i < 33; ++i) columns.push_back({m_sequence, 64 + i});
    const auto refused = m_store->prepare(columns);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::OutOfMemory);
    EXPECT_THAT(refused.error().text(), ::testing::HasSubstr("cap of 96 rows"));
}

TEST_F(Store, HeadSizesThatDoNotFitABlockAreRefused) {
    StoreShape odd = shape();
    for (cache::StreamShape& stream : odd.streams) stream.headDim = stream.valueDim = 16;
    const auto refused = RegionStore::create(library(), odd, must(CachePolicy::parse("encode=q8_0")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::BadPolicy);
    EXPECT_THAT(refused.error().text(), ::testing::HasSubstr("blocks of 32 values, but a head of this model has 16"));
}

TEST_F(Store, ASequencesRowsStayWhenAnotherOneGoes) {
    open("encode=f16");
    const std::uint32_t other = must(m_store->addSequence());
    append(40);
    std::vector<RegionStore::Column> columns;
    for (std::uint32_t i = 0; i < 50; ++i) columns.push_back({other, i});
    must(m_store->prepare(columns));
    append(10);
    expectRows({"f16"});
    m_store->removeSequence(other);
    append(64);
    expectRows({"f16"});
    EXPECT_EQ(must(m_store->addSequence()), other);
}

}  // namespace
}  // namespace kvscope::test
