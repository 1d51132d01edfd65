// SPDX-License-Identifier: Apache-2.0
// Which bytes of a block are numbers of two, four or eight bytes. A big-endian file is what the decoders of ggml read
// rightly on a big-endian machine, so a field counts by how it is read and not by how the structure declares it: the
// fifth bits of Q5_0 are four bytes that are read as one u32, the scales of Q3_K are bytes whatever loads them.
// Source: ggml-org/ggml src/ggml-common.h and src/ggml-quants.c; architectures.md 16.1.
#include "engine/gguf/block_order.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/gguf/byte_order.h"

namespace kvscope::gguf {
namespace {

/// `count` numbers of `bytes` bytes each, the first at `offset`, a new one every `stride` bytes.
struct Field {
    std::uint16_t offset = 0;
    std::uint16_t bytes = 0;
    std::uint16_t count = 0;
    std::uint16_t stride = 0;
};

constexpr Field numbers(std::uint16_t offset, std::uint16_t bytes, std::uint16_t count = 1) {
    return {offset, bytes, count, bytes};
}

struct BlockOrder {
    std::uint32_t type = 0;
    std::array<Field, 2> fields{};
};

constexpr std::array kOrders{
    BlockOrder{0, {numbers(0, 4)}},                        // F32
    BlockOrder{1, {numbers(0, 2)}},                        // F16
    BlockOrder{2, {numbers(0, 2)}},                        // Q4_0: d
    BlockOrder{3, {numbers(0, 2, 2)}},                     // Q4_1: d, m
    BlockOrder{6, {numbers(0, 2), numbers(2, 4)}},         // Q5_0: d; fifth bits
    BlockOrder{7, {numbers(0, 2, 2), numbers(4, 4)}},      // Q5_1: d, m; fifth bits
    BlockOrder{8, {numbers(0, 2)}},                        // Q8_0: d
    BlockOrder{9, {numbers(0, 2, 2)}},                     // Q8_1: d, s
    BlockOrder{10, {numbers(80, 2, 2)}},                   // Q2_K: d, dmin behind 16 scales and 64 quants
    BlockOrder{11, {numbers(108, 2)}},                     // Q3_K: d at the end
    BlockOrder{12, {numbers(0, 2, 2)}},                    // Q4_K: d, dmin
    BlockOrder{13, {numbers(0, 2, 2)}},                    // Q5_K: d, dmin
    BlockOrder{14, {numbers(208, 2)}},                     // Q6_K: d at the end
    BlockOrder{15, {numbers(0, 4), numbers(260, 2, 16)}},  // Q8_K: f32 d; sums of groups
    BlockOrder{16, {numbers(0, 2), Field{6, 4, 8, 8}}},    // IQ2_XXS: d; 8 x (4 grid indices, u32 of signs and scale)
    BlockOrder{17, {numbers(0, 2, 33)}},                   // IQ2_XS: d, 32 x u16 of grid index and signs
    BlockOrder{18, {numbers(0, 2), numbers(66, 4, 8)}},    // IQ3_XXS: d; 8 x u32 of signs and scale
    BlockOrder{19, {numbers(0, 2), numbers(34, 2, 8)}},    // IQ1_S: d; high bits
    BlockOrder{20, {numbers(0, 2)}},                       // IQ4_NL: d
    BlockOrder{21, {numbers(0, 2)}},                       // IQ3_S: d
    BlockOrder{22, {numbers(0, 2)}},                       // IQ2_S: d
    BlockOrder{23, {numbers(0, 2, 2)}},                    // IQ4_XS: d, scales_h
    BlockOrder{24, {}},                                    // I8
    BlockOrder{25, {numbers(0, 2)}},                       // I16
    BlockOrder{26, {numbers(0, 4)}},                       // I32
    BlockOrder{27, {numbers(0, 8)}},                       // I64
    BlockOrder{28, {numbers(0, 8)}},                       // F64
    BlockOrder{29, {numbers(48, 2, 4)}},                   // IQ1_M: scales, whose top bits are d
    BlockOrder{30, {numbers(0, 2)}},                       // BF16
    BlockOrder{34, {numbers(52, 2)}},                      // TQ1_0: d at the end
    BlockOrder{35, {numbers(64, 2)}},                      // TQ2_0: d at the end
    BlockOrder{39, {}},                                    // MXFP4
    BlockOrder{40, {}},                                    // NVFP4
    BlockOrder{41, {numbers(0, 2)}},                       // Q1_0: d
    BlockOrder{42, {numbers(0, 2)}},                       // Q2_0: d
};

const BlockOrder* find(TensorType type) {
    const auto found = std::ranges::lower_bound(kOrders, static_cast<std::uint32_t>(type), {}, &BlockOrder::type);
    return found != kOrders.end() && found->type == static_cast<std::uint32_t>(type) ? &*found : nullptr;
}

void swapField(const Field& field, std::span<std::byte> block) {
    for (std::size_t i = 0; i < field.count; ++i) {
        const std::size_t at = field.offset + i * field.stride;
        if (at + field.bytes > block.size())
            return;  // a table that disagrees with the block's size; the tests exclude it
        std::ranges::reverse(block.subspan(at, field.bytes));
    }
}

}  // namespace

bool hasBlockOrder(TensorType type) {
    return find(type) != nullptr;
}

bool isOrderFree(TensorType type) {
    const BlockOrder* order = find(type);
    return order != nullptr && order->fields.front().count == 0;
}

void swapBlocks(TensorType type, std::span<std::byte> blocks) {
    const BlockOrder* order = find(type);
    const TensorTypeInfo* info = tensorTypeInfo(type);
    if (order == nullptr || info == nullptr || info->blockBytes == 0) return;
    if (order->fields.front().bytes == info->blockBytes) {
        swapNumbers(blocks, info->blockBytes);  // plain numbers
        return;
    }
    for (std::size_t at = 0; at + info->blockBytes <= blocks.size(); at += info->blockBytes) {
        for (const Field& field : order->fields) swapField(field, blocks.subspan(at, info->blockBytes));
    }
}

}  // namespace kvscope::gguf
