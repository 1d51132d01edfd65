// SPDX-License-Identifier: Apache-2.0
// The checks that expose a probe which only pretends (error hook, traffic, occupancy).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/runtime/session_impl.h"
#include "shaders/shared/constants.h"
#include "tests/engine/runtime/session_support.h"

namespace kvscope {
namespace {

/// Multiplies the stored values (f32 rows) of one (layer, KV head) by `factor`, in the cache alone.
void scaleStoredValues(runtime::Session& session, std::uint32_t layer, std::uint32_t kvHead, float factor) {
    const cache::RegionStore& store = *session.impl().store;
    const kernels::AttentionShape shape = store.attentionShape(layer);
    auto words = const_cast<vulkan::Buffer&>(store.pages(layer)).view<float>();
    const std::size_t d = shape.headDim;
    for (std::uint32_t slot = 0; slot < store.cells().slots({0, layer, kvHead}); ++slot) {
        const std::uint32_t at = store.cells().physical({0, layer, kvHead}, slot);
        const std::size_t page = at / 32 * (shape.pageBytes() / 4) + shape.pageKeyBytes() / 4;
        for (std::size_t i = 0; i < d; ++i) words[page + (at % 32) * d + i] *= factor;
    }
}

/// Attention and error probe of the newest token in one layer once more, from the queries that the step left behind
/// (those of the last layer), over the cache as it is now.
void probeAgain(runtime::Session& session, runtime::Engine& engine, std::uint32_t layer) {
    auto& impl = session.impl();
    const runtime::Activations& a = impl.executor->activations();
    kernels::AttentionArgs args;
    args.shape = impl.store->attentionShape(layer);
    args.shape.scale = impl.error.shape().layers[layer].scale;
    args.cache = impl.store->view(layer, &a.columns);
    const model::Program& program = engine.program();
    args.query = a.view({model::Slot::Qkv, 0, args.shape.heads * args.shape.headDim});
    args.out = a.view(program.whole(model::Slot::Attention));
    args.partial = &a.partial;
    args.stats = &a.stats;
    args.splits = impl.store->splitCapacity(layer);
    kernels::ErrorArgs error{.attention = args, .exact = &impl.error.exactRows(layer)};
    error.scores = &impl.error.scores();
    error.exactScores = &impl.error.exactScores();
    error.records = &impl.error.records();
    error.taps = &impl.error.taps();
    error.rowCapacity = impl.error.shape().rowCapacity;
    error.record = impl.error.record(layer);
    error.tapBase = impl.error.tap(layer);
    kernels::KernelLibrary& library = *engine.impl().library;
    auto list = vulkan::CommandList::begin(*engine.impl().device, 4, false);
    ASSERT_TRUE(list.has_value());
    for (const auto& dispatch : {kernels::attnDecode(library, args), kernels::attnCombine(library, args),
                                 kernels::attnScores(library, error), kernels::attnError(library, error)}) {
        ASSERT_TRUE(dispatch.has_value());
        ASSERT_TRUE(library.record(*list, *dispatch).has_value());
    }
    ASSERT_TRUE(list->end().has_value() && list->submitAndWait().has_value());
}

TEST(ProbeTest, ScalingValuesOfOneHeadByOnePerCentShowsInItsCellsAndNoOther) {
    const auto engine = test::openEngine(test::bundledModel());
    runtime::SessionOptions options;
    options.contextLength = 512;
    options.probes.errorEvery = 1;
    const auto session = test::openSession(*engine, "exact", options);
    session->setChunk(1);
    const auto tokens = test::textTokens(*engine, 401);
    const auto id = session->addSequence(tokens, {});
    test::runAll(*session, *id);
    const model::Hparams& h = engine->program().hparams;
    const std::uint32_t layer = h.nLayers - 1;
    constexpr std::uint32_t kHead = 2;
    scaleStoredValues(*session, layer, kHead, 1.01F);
    probeAgain(*session, *engine, layer);
    const auto error = session->impl().error.metrics(0).front().values;
    const auto reference = session->impl().error.referenceRelativeL2(400);
    const std::uint32_t group = h.nHeads[0] / h.nKvHeads[0];
    for (std::uint32_t l = 0; l < h.nLayers; ++l) {
        for (std::uint32_t head = 0; head < h.nHeads[0]; ++head) {
            const float value = error[l * h.nHeads[0] + head];
            const float expected = l == layer && head / group == kHead ? 0.01F : 0.0F;
            EXPECT_NEAR(value, expected, 1e-4) << "layer " << l << " head " << head;
            EXPECT_NEAR(reference[l * h.nHeads[0] + head], value, 1e-5);
        }
    }
}

TEST(ProbeTest, OccupancySumsEqualTheDeviceBuffers) {
    const auto engine = test::openEngine(test::bundledModel());
    const auto session = test::openSession(*engine, "encode=k:q8_0,v:q4_0");
    const auto tokens = test::textTokens(*engine, 200);
    ASSERT_TRUE(session->addSequence(tokens, {}).has_value());
    ASSERT_TRUE(session->addSequence(std::span(tokens).first(70), {}).has_value());
    trace::BundlePtr last;
    for (int i = 0; i < 6; ++i) last = test::mustStep(*session, true);
    ASSERT_EQ(last->occupancy.size(), 3U);
    const trace::OccupancyRecord& all = last->occupancy[0];
    const cache::RegionStore& store = *session->impl().store;
    std::uint64_t buffers = 0, index = store.index().bytes();
    for (std::uint32_t layer = 0; layer < 6; ++layer) {
        buffers += store.pages(layer).bytes();
        index += store.positions(layer).bytes();
    }
    EXPECT_EQ(all.bytesAllocated, buffers);
    EXPECT_EQ(all.bytesIndex, index);
    EXPECT_EQ(all.physicalRows, last->occupancy[1].physicalRows + last->occupancy[2].physicalRows);
    // a row of 32 values: q8_0 34 bytes, q4_0 18 bytes
    EXPECT_EQ(all.bytesUsed, all.physicalRows * (34 + 18));
    const std::uint64_t processed = session->sequence(0).processed + session->sequence(1).processed;
    EXPECT_EQ(all.physicalRows, processed * 6 * 4);
    EXPECT_EQ(all.bytesNativeF16, processed * 3072);
    EXPECT_EQ(all.bytesMhaF16, processed * 6144);
    const auto* rows = test::metric(*last, trace::HeadMetric::ResidentRows);
    EXPECT_EQ(std::accumulate(rows->values.begin(), rows->values.end(), 0.0),
              static_cast<double>(last->occupancy[rows->sequence + 1].physicalRows));
}

TEST(ProbeTest, CountingBuildAgreesWithTheTrafficFigures) {
    const auto engine = test::openEngine(test::bundledModel(), true);
    ASSERT_NE(engine, nullptr);
    auto counters =
        vulkan::Buffer::create(*engine->impl().device, 32 * 4, vulkan::MemoryUse::Readback, "counters of the test");
    ASSERT_TRUE(counters.has_value());
    engine->impl().library->setCounters(&*counters);
    for (const char* policy : {"encode=f16", "encode=k:q8_0,v:q4_0 keep=sinks(4)+window(40)"}) {
        const auto session = test::openSession(*engine, policy);
        const auto tokens = test::textTokens(*engine, 83);  // a chunk of 64, one of 19 = 16 + 3
        ASSERT_TRUE(session->addSequence(tokens, {}).has_value());
        for (int step = 0; step < 4; ++step) {
            std::ranges::fill(counters->view<std::uint32_t>(), 0U);
            const auto bundle = test::mustStep(*session, true);
            const auto counted = counters->view<std::uint32_t>();
            for (std::size_t c = 0; c < trace::kTrafficCategories; ++c) {
                const auto& entry = bundle->traffic.byCategory.at(c);
                const char* category = trace::name(static_cast<trace::TrafficCategory>(c));
                EXPECT_EQ(entry.readRequested, counted[2 * c]) << policy << " step " << step << " read " << category;
                EXPECT_EQ(entry.written, counted[2 * c + 1]) << policy << " step " << step << " written " << category;
                EXPECT_LE(entry.readUnique, entry.readRequested) << policy << " step " << step << " " << category;
            }
        }
    }
}

TEST(ProbeTest, WeightsStayQuantisedOnTheDevice) {
    const auto engine = test::openEngine(test::bundledModel());
    EXPECT_LE(static_cast<double>(engine->weightBytes()), 1.02 * static_cast<double>(engine->file().fileBytes()));
}

}  // namespace
}  // namespace kvscope
