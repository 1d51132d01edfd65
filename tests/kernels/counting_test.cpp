// SPDX-License-Identifier: Apache-2.0
// The wrappers' traffic figures against a build of the same shaders that counts every load and store.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/kernels/attention.h"
#include "engine/kernels/products.h"
#include "engine/kernels/rows.h"
#include "shaders/shared/constants.h"
#include "tests/kernels/counting_fixture.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/device_matrices.h"
#include "tests/support/rope_fixture.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

std::vector<kernels::SlotRange> rangesOf(const std::vector<std::uint32_t>& counts) {
    std::vector<kernels::SlotRange> ranges;
    for (const std::uint32_t count : counts) ranges.push_back({count, 0});
    return ranges;
}

using kernels::Traffic;

// Copies of two kernels in which one load is doubled (made at build time, see tests.cmake).
constexpr std::uint32_t kPlantedDecode[] = {
#include "planted_attn_decode.inc"
};
constexpr std::uint32_t kPlantedProduct[] = {
#include "planted_mat_mul.inc"
};

struct ProductCase {
    std::string type = "Q8_0";
    std::uint32_t rows = 1007;
    std::uint32_t columns = 3;
    std::uint32_t tile = 1;
    kernels::ProductMode mode = kernels::ProductMode::Store;
    bool bias = false;
};

/// A product's buffers and its dispatch.
struct ProductRun {
    ProductRun(vulkan::Device& device, kernels::KernelLibrary& library, const ProductCase& c)
        : inner(c.type == "Q6_K" ? 256 : 96),
          loaded(device, matrices(c), c.mode == kernels::ProductMode::Gated, c.bias ? normals(c.rows, 3) : none()),
          in(bufferOf(device, normals(std::size_t{inner} * c.columns, 4))),
          out(bufferOf(device, normals(std::size_t{(c.rows + 3) / 4 * 4} * c.columns, 5))) {
        kernels::MatMulArgs args{
            .weight = loaded.view(), .in = {&in, 0, inner}, .out = {&out, 0, (c.rows + 3) / 4 * 4}};
        args.mode = c.mode;
        args.columns = c.columns;
        args.tile = c.tile;
        args.bias = loaded.matrix().bias;
        args.biasOffset = loaded.matrix().biasOffset;
        dispatch = must(kernels::matMul(library, args));
    }
    static std::vector<float> none() { return {}; }
    [[nodiscard]] std::vector<TestMatrix> matrices(const ProductCase& c) const {
        std::vector<TestMatrix> list{TestMatrix::make(c.type, c.rows, inner, 1)};
        if (c.mode == kernels::ProductMode::Gated) list.push_back(TestMatrix::make(c.type, c.rows, inner, 2));
        return list;
    }
    std::uint32_t inner;
    DeviceMatrices loaded;
    vulkan::Buffer in, out;
    kernels::Dispatch dispatch;
};

UniqueOf productUnique(const ProductCase& c) {
    UniqueOf unique{{shared::kCatWeights, {0}}, {shared::kCatActivations, {1}}};
    if (c.bias) unique[shared::kCatWeights].push_back(3);
    if (c.mode == kernels::ProductMode::Add) unique[shared::kCatActivations].push_back(2);
    return unique;
}

TEST_F(Counting, ProductsOfEveryFormat) {
    for (const char* type : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K"}) {
        const ProductCase c{.type = type};
        const ProductRun product(device(), countingLibrary(), c);
        check(product.dispatch, product.dispatch.traffic, productUnique(c), std::string("mat_mul ") + type);
    }
}

TEST_F(Counting, ProductsOfEveryKind) {
    using kernels::ProductMode;
    for (const ProductCase& c :
         {ProductCase{.columns = 8, .tile = 8}, ProductCase{.columns = 4, .tile = 2}, ProductCase{.rows = 1},
          ProductCase{.rows = 7, .mode = ProductMode::Add}, ProductCase{.mode = ProductMode::Gated},
          ProductCase{.rows = 3, .mode = ProductMode::Gated}, ProductCase{.bias = true}}) {
        const ProductRun product(device(), countingLibrary(), c);
        check(product.dispatch, product.dispatch.traffic, productUnique(c),
              fmt::format("mat_mul rows {} columns {} tile {} mode {} bias {}", c.rows, c.columns, c.tile,
                          static_cast<int>(c.mode), c.bias));
    }
}

TEST_F(Counting, EmbeddingOfDifferentTokens) {
    for (const char* type : {"F32", "Q8_0", "Q4_1", "Q6_K"}) {
        const std::uint32_t width = std::string(type) == "Q6_K" ? 256 : 96;
        const DeviceMatrices loaded(device(), {TestMatrix::make(type, 37, width, 6)});
        const std::vector<std::uint32_t> info{36, 0, 0, 0, 3, 0, 0, 0, 11, 0, 0, 0};
        const vulkan::Buffer columns = bufferOf(device(), info);
        const vulkan::Buffer out = bufferOf(device(), std::vector<float>(3 * std::size_t{width}));
        const kernels::EmbedArgs args{
            .table = loaded.view(), .columnInfo = &columns, .out = {&out, 0, width}, .columns = 3};
        const auto dispatch = must(kernels::embed(countingLibrary(), args));
        check(dispatch, dispatch.traffic, {{shared::kCatWeights, {0}}, {shared::kCatIndex, {1}}},
              std::string("embed ") + type);
    }
}

TEST_F(Counting, Norm) {
    for (const std::uint32_t width : {4U, 36U, 1008U}) {
        const vulkan::Buffer in = bufferOf(device(), normals(std::size_t{width} * 3, 7));
        const vulkan::Buffer gain = bufferOf(device(), normals(width, 8));
        const vulkan::Buffer out = bufferOf(device(), std::vector<float>(std::size_t{width} * 3));
        const kernels::NormArgs args{
            .in = {&in, 0, width}, .out = {&out, 0, width}, .gain = &gain, .width = width, .columns = 3};
        const auto dispatch = must(kernels::norm(countingLibrary(), args));
        check(dispatch, dispatch.traffic, {{shared::kCatWeights, {1}}, {shared::kCatActivations, {0}}},
              fmt::format("norm {}", width));
    }
}

/// An attention call over a cache made by hand.
struct AttentionRun {
    AttentionRun(vulkan::Device& device, const CacheSpec& spec, std::uint32_t columns, std::uint32_t tile)
        : cache(device, spec), shape(cache.shape()) {
        std::vector<std::uint32_t> at(columns);
        for (std::uint32_t i = 0; i < columns; ++i) at[i] = cache.newest + i;
        info = cache.columns(device, at);
        splits = (*std::max_element(cache.counts.begin(), cache.counts.end()) + 255) / 256 + 1;
        const std::uint32_t stride = shape.heads * shape.headDim;
        query = bufferOf(device, normals(std::size_t{stride} * columns, 9));
        out = bufferOf(device, std::vector<float>(std::size_t{stride} * columns));
        partial = bufferOf(device, std::vector<float>(std::size_t{stride} * columns * splits));
        stats = bufferOf(device, std::vector<float>(std::size_t{2} * shape.heads * columns * splits));
        args.shape = shape;
        args.cache = cache.view(&info);
        args.query = {&query, 0, stride};
        args.out = {&out, 0, stride};
        args.partial = &partial;
        args.stats = &stats;
        args.splits = splits;
        args.columns = columns;
        args.tile = tile;
    }
    HandCache cache;
    kernels::AttentionShape shape;
    std::uint32_t splits = 1;
    vulkan::Buffer info, query, out, partial, stats;
    kernels::AttentionArgs args;
};

const UniqueOf kDecodeUnique{{shared::kCatKvRead, {3}}, {shared::kCatIndex, {0, 1, 2}}, {shared::kCatActivations, {4}}};

TEST_F(Counting, AttentionAndItsJoin) {
    struct Shape {
        CacheSpec spec;
        std::uint32_t columns, tile;
    };
    const std::vector<Shape> shapes{
        {{.rows = {1007}}, 1, 1},
        {{.rows = {16, 1}}, 2, 1},
        {{.key = "q8_0", .value = "q4_0", .group = 3, .rows = {1007, 16}}, 4, 4},
        {{.key = "q4_0", .value = "q8_0", .headDim = 64, .group = 3, .rows = {289}}, 1, 1},
        {{.key = "q8_0", .value = "q8_0", .headDim = 128, .rows = {48}}, 1, 1},
        {{.key = "q4_0", .value = "q4_0", .headDim = 96, .rows = {49}}, 1, 1},
        {{.key = "f32", .value = "f32", .headDim = 16, .group = 2, .rows = {300}, .sinks = 4, .window = 64}, 2, 1},
    };
    for (const Shape& s : shapes) {
        const AttentionRun a(device(), s.spec, s.columns, s.tile);
        const std::string what = fmt::format("{}/{} d {} group {} rows {} tile {}", s.spec.key, s.spec.value,
                                             s.spec.headDim, s.spec.group, s.spec.rows.front(), s.tile);
        check(must(kernels::attnDecode(countingLibrary(), a.args)),
              kernels::attnDecodeTraffic(countingLibrary(), a.args, rangesOf(a.cache.counts)), kDecodeUnique,
              "attn_decode " + what);
        check(must(kernels::attnCombine(countingLibrary(), a.args)),
              kernels::attnCombineTraffic(countingLibrary(), a.args, rangesOf(a.cache.counts)),
              {{shared::kCatIndex, {0, 1}}, {shared::kCatActivations, {5, 6}}}, "attn_combine " + what);
    }
}

TEST_F(Counting, RotationAndAppending) {
    const std::vector<RopeSpec> specs{
        {.columns = 20, .exact = false},
        {.key = "q8_0", .value = "q4_0", .group = 3, .columns = 3, .allAside = true},
        {.key = "f32", .value = "q8_0", .headDim = 64, .columns = 2, .pairs = 16, .halves = true, .exact = false},
        {.headDim = 8, .columns = 3, .exact = false},
    };
    for (const RopeSpec& spec : specs) {
        const RopeRun rope(device(), spec);
        const auto dispatch = must(kernels::ropeAppend(countingLibrary(), rope.args));
        check(dispatch, dispatch.traffic, {{shared::kCatIndex, {0, 1, 5}}, {shared::kCatActivations, {4, 7, 8}}},
              fmt::format("rope_append {}/{} d {}", spec.key, spec.value, spec.headDim));
    }
}

TEST_F(Counting, Moves) {
    for (const auto& [from, to] : {std::pair("f16", "f16"), std::pair("f32", "q8_0"), std::pair("q8_0", "q4_0")}) {
        const HandCache source(device(), {.key = from, .value = from, .headDim = 64, .kvHeads = 1, .rows = {48}});
        const HandCache target(device(), {.key = to, .value = to, .headDim = 64, .kvHeads = 1, .rows = {48}});
        std::vector<std::uint32_t> moves;
        for (std::uint32_t i = 0; i < 48; ++i) {
            moves.push_back(source.table[0][i / 32] * 32 + i % 32);
            moves.push_back(target.table[0][i / 32] * 32 + i % 32);
        }
        const vulkan::Buffer list = bufferOf(device(), moves);
        kernels::KvMoveArgs args{.from = source.shape(), .to = target.shape(), .moves = &list};
        args.fromPages = &source.pages;
        args.toPages = &target.pages;
        args.fromPositions = &source.positions;
        args.toPositions = &target.positions;
        args.count = 48;
        const auto dispatch = must(kernels::kvMove(countingLibrary(), args));
        check(dispatch, dispatch.traffic, {{shared::kCatKvRead, {1}}, {shared::kCatIndex, {0, 3}}},
              std::string("kv_move ") + from + " to " + to);
    }
}

TEST_F(Counting, ADoubledLoadOfKeysIsFound) {
    const AttentionRun a(device(), {.group = 3, .rows = {1007, 16}}, 1, 1);
    kernels::Dispatch dispatch = must(kernels::attnDecode(countingLibrary(), a.args));
    const std::uint32_t eights = 32 / 8 >= countingLibrary().reductionLanes() ? 1 : 0;
    const vulkan::Pipeline planted = must(vulkan::Pipeline::create(
        device(),
        {"planted_attn_decode",
         kPlantedDecode,
         {countingLibrary().reductionLanes(), a.shape.key->id, a.shape.value->id, 32, 3, 1, 32, eights, 32, 0, 0, 0, 0},
         static_cast<std::uint32_t>(dispatch.push.size())}));
    dispatch.pipeline = &planted;
    const Traffic said = kernels::attnDecodeTraffic(countingLibrary(), a.args, rangesOf(a.cache.counts));
    const Traffic counted = count(dispatch, kDecodeUnique);
    const auto& kv = counted.category[shared::kCatKvRead];
    EXPECT_EQ(kv.requested, said.category[shared::kCatKvRead].requested + (1007 + 16) * 64)
        << "the second load of every key row (64 bytes) must be counted";
    EXPECT_EQ(kv.unique, said.category[shared::kCatKvRead].unique);
}

TEST_F(Counting, ADoubledLoadOfWeightsIsFound) {
    const ProductRun product(device(), countingLibrary(), {.columns = 1});
    kernels::Dispatch dispatch = product.dispatch;
    const vulkan::Pipeline planted = must(vulkan::Pipeline::create(
        device(), {"planted_mat_mul",
                   kPlantedProduct,
                   {countingLibrary().plainLanes(), product.loaded.view().format->id, 1, 0, 0, 0, 0, 0},
                   static_cast<std::uint32_t>(dispatch.push.size())}));
    dispatch.pipeline = &planted;
    const Traffic counted = count(dispatch, productUnique({}));
    const auto& said = dispatch.traffic.category[shared::kCatWeights];
    EXPECT_EQ(counted.category[shared::kCatWeights].requested, 2 * said.requested);
    EXPECT_EQ(counted.category[shared::kCatWeights].unique, said.unique);
}

}  // namespace
}  // namespace kvscope::test
