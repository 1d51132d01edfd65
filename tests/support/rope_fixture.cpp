// SPDX-License-Identifier: Apache-2.0
#include "tests/support/rope_fixture.h"

#include <cmath>

namespace kvscope::test {
namespace {

constexpr std::uint32_t kPageRows = 32;
constexpr std::uint32_t kFirstPosition = 9;

kernels::AttentionShape shapeOf(const RopeSpec& spec) {
    kernels::AttentionShape s;
    s.key = kernels::findRowStorage(spec.key);
    s.value = kernels::findRowStorage(spec.value);
    s.headDim = spec.headDim;
    s.valueDim = spec.headDim;
    s.kvHeads = spec.kvHeads;
    s.heads = spec.kvHeads * spec.group;
    return s;
}

std::uint32_t pagesOf(const RopeSpec& spec) {
    return spec.kvHeads * ((spec.firstSlot + spec.columns + kPageRows - 1) / kPageRows) + 1;
}

std::uint32_t asideWords(const RopeSpec& spec) {
    return (kFirstPosition + spec.columns + 1) * spec.kvHeads * 2 * spec.headDim;
}

}  // namespace

RopeRun::RopeRun(vulkan::Device& device, const RopeSpec& wanted)
    : spec(wanted),
      pageCount(pagesOf(wanted)),
      positions(device, std::size_t{pageCount} * kPageRows),
      pages(device, pageCount * shapeOf(wanted).pageBytes() / 4),
      aside(device, asideWords(wanted)) {
    if (spec.pairs == 0) spec.pairs = spec.headDim / 2;
    args.shape = shapeOf(spec);
    const std::uint32_t stride = (args.shape.heads + 2 * spec.kvHeads) * spec.headDim + 12;
    args.query = {&activations, 4, stride};
    args.key = {&activations, args.query.offset + args.shape.heads * spec.headDim, stride};
    args.value = {&activations, args.key.offset + spec.kvHeads * spec.headDim, stride};
    args.appended = spec.columns;
    args.pairs = spec.pairs;
    args.halves = spec.halves;
    args.slotBase = 7;
    args.slotStride = spec.columns + 3;
    args.columns = spec.columns;

    before = normals(4 + std::size_t{stride} * spec.columns, spec.seed);
    for (float& x : before) x *= spec.magnitude;
    activations = must(vulkan::Buffer::create(device, before.size() * 4, vulkan::MemoryUse::Readback, "activations"));
    std::ranges::copy(before, activations.view<float>().begin());

    std::vector<std::uint32_t> info;
    std::vector<std::uint32_t> indexWords(7 + std::size_t{args.slotStride} * spec.kvHeads, 0xFFFFFFU);
    slots.resize(std::size_t{spec.kvHeads} * spec.columns);
    for (std::uint32_t c = 0; c < spec.columns; ++c) {
        positionAt.push_back(kFirstPosition + c);
        info.insert(info.end(), {5U, positionAt.back(), 1U, keptAside(c) ? 1U : 0U});
        for (std::uint32_t pair = 0; pair < spec.pairs; ++pair) {
            const double angle = positionAt.back() * std::pow(10000.0, -2.0 * pair / spec.headDim);
            angles.push_back(static_cast<float>(std::cos(angle)));
            angles.push_back(static_cast<float>(std::sin(angle)));
        }
        for (std::uint32_t head = 0; head < spec.kvHeads; ++head) {
            const std::uint32_t slot = spec.firstSlot + c;
            // pages of the heads alternate, the last page of the pool stays empty
            const std::uint32_t page = slot / kPageRows * spec.kvHeads + (spec.kvHeads - 1 - head);
            slots[head * spec.columns + c] = page * kPageRows + slot % kPageRows;
            indexWords[args.slotBase + head * args.slotStride + c] = slots[head * spec.columns + c];
        }
    }
    columns = bufferOf(device, info);
    index = bufferOf(device, indexWords);
    table = bufferOf(device, angles);
    args.cache.columns = &columns;
    args.cache.index = &index;
    args.cache.positions = &positions.buffer();
    args.cache.pages = &pages.buffer();
    args.ropeTable = &table;
    args.exact = spec.exact ? &aside.buffer() : nullptr;
}

std::size_t RopeRun::queryAt(std::uint32_t column, std::uint32_t head) const {
    return args.query.offset + std::size_t{column} * args.query.stride + std::size_t{head} * spec.headDim;
}
std::size_t RopeRun::keyAt(std::uint32_t column, std::uint32_t kvHead) const {
    return args.key.offset + std::size_t{column} * args.key.stride + std::size_t{kvHead} * spec.headDim;
}
std::size_t RopeRun::valueAt(std::uint32_t column, std::uint32_t kvHead) const {
    return args.value.offset + std::size_t{column} * args.value.stride + std::size_t{kvHead} * spec.headDim;
}
std::size_t RopeRun::asideAt(std::uint32_t column, std::uint32_t kvHead, bool value) const {
    return ((std::size_t{positionAt[column]} * spec.kvHeads + kvHead) * 2 + (value ? 1 : 0)) * spec.headDim;
}

double RopeRun::rotated(std::size_t at, std::uint32_t column, std::uint32_t i) const {
    if (i >= 2 * spec.pairs) return static_cast<double>(before[at + i]);
    const std::uint32_t pair = spec.halves ? i % spec.pairs : i / 2;
    const std::uint32_t first = spec.halves ? pair : 2 * pair;
    const std::uint32_t second = spec.halves ? pair + spec.pairs : 2 * pair + 1;
    const auto c = static_cast<double>(angles[(std::size_t{column} * spec.pairs + pair) * 2]);
    const auto s = static_cast<double>(angles[(std::size_t{column} * spec.pairs + pair) * 2 + 1]);
    const auto a = static_cast<double>(before[at + first]);
    const auto b = static_cast<double>(before[at + second]);
    return i == first ? a * c - b * s : a * s + b * c;
}

}  // namespace kvscope::test
