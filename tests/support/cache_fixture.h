// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/kernels/attention.h"
#include "engine/vulkan/buffer.h"

namespace kvscope::test {

/// Where a row's parts lie in a page, written down once more from shaders/encode/rows.glsl: keys of 32 rows, then
/// values; in each the quants of all rows first, then the scales.
/// Puts one row, in ggml's byte order, into a page part of `storage`; takes it out again.
void putRow(const std::string& storage, std::uint32_t headDim, std::span<std::byte> part, std::uint32_t row,
            std::span<const std::byte> bytes);
[[nodiscard]] std::vector<std::byte> takeRow(const std::string& storage, std::uint32_t headDim,
                                             std::span<const std::byte> part, std::uint32_t row);
/// Encodes with engine/cache/encode, the codecs of the CPU; and the inverse.
[[nodiscard]] std::vector<std::byte> encoded(const std::string& storage, std::span<const float> values);
[[nodiscard]] std::vector<float> decoded(const std::string& storage, std::span<const std::byte> bytes);

/// Shape of a cache made by hand, of one sequence and the layer `layer` of `layers`.
struct CacheSpec {
    std::string key = "f16";
    std::string value = "f16";
    std::uint32_t headDim = 32;
    std::uint32_t kvHeads = 2;
    std::uint32_t group = 1;
    std::vector<std::uint32_t> rows{33};  ///< of each KV head, the last one for the rest
    std::uint32_t sinks = 0, window = 0, nativeWindow = 0;
    std::uint64_t seed = 1;
    bool freeRows = false;  ///< every fifth slot holds no row
    std::uint32_t tableStride = 40;
    std::uint32_t extraRows = 0;  ///< more rows at the end of each head, at positions that no query sees
    std::uint32_t valueDim = 0;   ///< 0 = headDim
    bool shared = false;          ///< the value is the first values of the key
    std::uint32_t gone = 0;       ///< slots at the beginning whose pages are gone, a multiple of 32
    float softcap = 0;
};

/// Rows, pages in mixed order, page tables and positions, on the device and as plain numbers.
struct HandCache {
    HandCache(vulkan::Device& device, const CacheSpec& spec);

    CacheSpec spec;
    std::uint32_t layers = 3, layer = 1, sequences = 2, sequence = 1;
    std::vector<std::uint32_t> counts;                        ///< slots of each KV head
    std::vector<std::vector<std::uint32_t>> positionOf;       ///< [KV head][slot]; 0xFFFFFFFF = free
    std::vector<std::vector<std::vector<float>>> key, value;  ///< [KV head][slot][headDim], decoded
    std::vector<std::vector<std::uint32_t>> table;            ///< [KV head][page]
    std::uint32_t newest = 0;                                 ///< position of the newest visible row
    std::uint32_t firstBase = 0;                              ///< word of the heads' first slots
    vulkan::Buffer index, positions, pages;

    [[nodiscard]] kernels::AttentionShape shape() const;
    [[nodiscard]] kernels::CacheView view(const vulkan::Buffer* columns) const;
    /// Column records for queries at these positions.
    [[nodiscard]] vulkan::Buffer columns(vulkan::Device& device, std::span<const std::uint32_t> at) const;
    [[nodiscard]] bool sees(std::uint32_t query, std::uint32_t row) const;
    [[nodiscard]] std::uint32_t valueDim() const { return spec.valueDim != 0 ? spec.valueDim : spec.headDim; }
    /// Plain attention of one query head over the rows it sees: (valueDim).
    [[nodiscard]] std::vector<double> attend(std::uint32_t head, std::uint32_t position,
                                             std::span<const float> query) const;
    /// Scaled scores of a query head by slot; visible rows only have a number, others -infinity.
    [[nodiscard]] std::vector<double> scores(std::uint32_t head, std::uint32_t position,
                                             std::span<const float> query) const;
};

}  // namespace kvscope::test
