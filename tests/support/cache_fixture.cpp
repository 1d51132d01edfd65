// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cache_fixture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "engine/base/rng.h"
#include "engine/cache/encode/row_codec.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

constexpr std::uint32_t kFree = 0xFFFFFFFFU;
constexpr std::uint32_t kRows = 32;  // of a page

struct Layout {
    std::size_t quantBytes = 0;  ///< of a block
    std::size_t scaleBytes = 0;
    std::size_t blocks = 0;  ///< of a row
};

Layout layoutOf(const std::string& storage, std::uint32_t headDim) {
    if (storage == "f32") return {4, 0, headDim};
    if (storage == "f16") return {2, 0, headDim};
    if (storage == "q8_0") return {32, 2, headDim / 32};
    if (storage == "q4_0") return {16, 2, headDim / 32};
    throw std::runtime_error("no layout for " + storage);
}

}  // namespace

void putRow(const std::string& storage, std::uint32_t headDim, std::span<std::byte> part, std::uint32_t row,
            std::span<const std::byte> bytes) {
    const Layout l = layoutOf(storage, headDim);
    for (std::size_t b = 0; b < l.blocks; ++b) {
        const std::size_t block = row * l.blocks + b;
        const std::byte* from = bytes.data() + b * (l.quantBytes + l.scaleBytes);
        std::memcpy(part.data() + block * l.quantBytes, from + l.scaleBytes, l.quantBytes);
        std::memcpy(part.data() + kRows * l.blocks * l.quantBytes + block * l.scaleBytes, from, l.scaleBytes);
    }
}

std::vector<std::byte> takeRow(const std::string& storage, std::uint32_t headDim, std::span<const std::byte> part,
                               std::uint32_t row) {
    const Layout l = layoutOf(storage, headDim);
    std::vector<std::byte> bytes(l.blocks * (l.quantBytes + l.scaleBytes));
    for (std::size_t b = 0; b < l.blocks; ++b) {
        const std::size_t block = row * l.blocks + b;
        std::byte* to = bytes.data() + b * (l.quantBytes + l.scaleBytes);
        std::memcpy(to + l.scaleBytes, part.data() + block * l.quantBytes, l.quantBytes);
        std::memcpy(to, part.data() + kRows * l.blocks * l.quantBytes + block * l.scaleBytes, l.scaleBytes);
    }
    return bytes;
}

std::vector<std::byte> encoded(const std::string& storage, std::span<const float> values) {
    const cache::RowCodec* codec = cache::findRowCodec(storage);
    if (codec == nullptr) throw std::runtime_error("no codec for " + storage);
    std::vector<std::byte> bytes(codec->rowBytes(static_cast<unsigned>(values.size())));
    must(cache::encodeRow(*codec, values, bytes));
    return bytes;
}

std::vector<float> decoded(const std::string& storage, std::span<const std::byte> bytes) {
    const cache::RowCodec* codec = cache::findRowCodec(storage);
    std::vector<float> values(bytes.size() / codec->blockBytes * codec->blockValues);
    must(cache::decodeRow(*codec, bytes, values));
    return values;
}

HandCache::HandCache(vulkan::Device& device, const CacheSpec& wanted) : spec(wanted) {
    Rng rng(spec.seed);
    const kernels::AttentionShape s = shape();
    std::uint32_t pageCount = 2;
    for (std::uint32_t head = 0; head < spec.kvHeads; ++head) {
        const std::uint32_t visible = spec.rows[std::min<std::size_t>(head, spec.rows.size() - 1)];
        counts.push_back(visible + spec.extraRows);
        newest = std::max(newest, visible + 2);
        pageCount += (counts.back() + kRows - 1) / kRows;
    }
    std::vector<std::uint32_t> order(pageCount);
    for (std::uint32_t i = 0; i < pageCount; ++i) order[i] = i;
    for (std::uint32_t i = pageCount; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);

    const std::uint32_t heads = layers * spec.kvHeads * sequences;
    firstBase = heads * (1 + spec.tableStride);
    std::vector<std::uint32_t> indexWords(std::size_t{firstBase} + heads, 0x00ABCDEFU);
    std::vector<std::uint32_t> positionWords(std::size_t{pageCount} * kRows, kFree);
    std::vector<std::byte> pageBytes(pageCount * s.pageBytes(), std::byte{0x7F});
    for (std::uint32_t head = 0; head < spec.kvHeads; ++head) {
        const std::uint32_t place = (sequence * layers + layer) * spec.kvHeads + head;
        indexWords[place] = counts[head];
        indexWords[firstBase + place] = spec.gone;
        table.emplace_back();
        positionOf.emplace_back();
        key.emplace_back();
        value.emplace_back();
        for (std::uint32_t slot = 0; slot < counts[head]; ++slot) {
            if (slot % kRows == 0) {
                table[head].push_back(order.back());
                order.pop_back();
                if (slot >= spec.gone) {
                    indexWords[heads + std::size_t{place} * spec.tableStride + slot / kRows] = table[head].back();
                }
            }
            const bool extra = slot >= counts[head] - spec.extraRows;
            const std::uint32_t position = extra ? newest + 1 + slot : spec.freeRows && slot % 5 == 3 ? kFree : slot;
            positionOf[head].push_back(position);
            const std::uint32_t page = table[head].back();
            positionWords[page * kRows + slot % kRows] = position;
            const auto whole = std::span(pageBytes).subspan(page * s.pageBytes(), s.pageBytes());
            const auto k = encoded(spec.key, normals(spec.headDim, spec.seed * 77777 + head * 20011 + slot * 2));
            putRow(spec.key, spec.headDim, whole.first(s.pageKeyBytes()), slot % kRows, k);
            key[head].push_back(decoded(spec.key, k));
            if (spec.shared) {
                value[head].push_back(key[head].back());
                value[head].back().resize(valueDim());
                continue;
            }
            const auto v = encoded(spec.value, normals(valueDim(), spec.seed * 77777 + head * 20011 + slot * 2 + 1));
            putRow(spec.value, valueDim(), whole.subspan(s.pageKeyBytes()), slot % kRows, v);
            value[head].push_back(decoded(spec.value, v));
        }
    }
    index = bufferOf(device, indexWords);
    positions = bufferOf(device, positionWords);
    pages = bufferOf(device, pageBytes);
}

kernels::AttentionShape HandCache::shape() const {
    kernels::AttentionShape s;
    s.key = kernels::findRowStorage(spec.key);
    s.value = kernels::findRowStorage(spec.shared ? spec.key : spec.value);
    s.headDim = spec.headDim;
    s.valueDim = valueDim();
    s.shared = spec.shared;
    s.softcap = spec.softcap;
    s.kvHeads = spec.kvHeads;
    s.heads = spec.kvHeads * spec.group;
    s.scale = 1.0F / std::sqrt(static_cast<float>(spec.headDim));
    s.sinks = spec.sinks;
    s.window = spec.window;
    s.nativeWindow = spec.nativeWindow;
    return s;
}

kernels::CacheView HandCache::view(const vulkan::Buffer* columns) const {
    kernels::CacheView v;
    v.columns = columns;
    v.index = &index;
    v.positions = &positions;
    v.pages = &pages;
    v.headBase = layer * spec.kvHeads;
    v.headStride = layers * spec.kvHeads;
    v.tableBase = layers * spec.kvHeads * sequences;
    v.tableStride = spec.tableStride;
    v.firstBase = spec.gone != 0 ? firstBase : 0;
    return v;
}

vulkan::Buffer HandCache::columns(vulkan::Device& device, std::span<const std::uint32_t> at) const {
    std::vector<std::uint32_t> words;
    for (const std::uint32_t position : at) words.insert(words.end(), {7U, position, sequence, 1U});
    return bufferOf(device, words);
}

bool HandCache::sees(std::uint32_t query, std::uint32_t row) const {
    if (row == kFree || row > query) return false;
    const std::uint32_t age = query - row;
    if (spec.nativeWindow != 0 && age >= spec.nativeWindow) return false;
    return spec.window == 0 || row < spec.sinks || age < spec.window;
}

std::vector<double> HandCache::scores(std::uint32_t head, std::uint32_t position, std::span<const float> query) const {
    const std::uint32_t kvHead = head / spec.group;
    std::vector<double> result;
    for (std::uint32_t slot = 0; slot < counts[kvHead]; ++slot) {
        double sum = 0;
        for (std::size_t i = 0; i < spec.headDim; ++i) {
            sum += static_cast<double>(key[kvHead][slot][i]) * static_cast<double>(query[i]);
        }
        sum *= static_cast<double>(shape().scale);
        const auto cap = static_cast<double>(spec.softcap);
        if (cap > 0) sum = cap * std::tanh(sum / cap);
        const bool seen = slot >= spec.gone && sees(position, positionOf[kvHead][slot]);
        result.push_back(seen ? sum : -std::numeric_limits<double>::infinity());
    }
    return result;
}

std::vector<double> HandCache::attend(std::uint32_t head, std::uint32_t position, std::span<const float> query) const {
    const std::vector<double> score = scores(head, position, query);
    const double largest = *std::ranges::max_element(score);
    std::vector<double> out(valueDim(), 0.0);
    if (std::isinf(largest)) return out;
    double total = 0;
    for (std::size_t slot = 0; slot < score.size(); ++slot) {
        const double w = std::exp(score[slot] - largest);
        total += w;
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] += w * static_cast<double>(value[head / spec.group][slot][i]);
        }
    }
    for (double& x : out) x /= total;
    return out;
}

}  // namespace kvscope::test
