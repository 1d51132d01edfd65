// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/kernels/kernel_library.h"
#include "engine/kernels/products.h"

namespace kvscope::kernels {

struct MapArgs {
    std::uint32_t kind = 0;  ///< kMapAdd … of shaders/shared/constants.h
    ColumnsView a, b, out;   ///< b: kinds with two operands
    const vulkan::Buffer* gain = nullptr;
    std::uint32_t gainOffset = 0;  ///< words
    std::uint32_t gainWidth = 1;   ///< values after which the gain repeats
    std::uint32_t width = 0;
    std::uint32_t columns = 1;
    float constant = 1;
};
/// Element by element (shaders/kernels/map.comp).
Result<Dispatch> map(KernelLibrary& library, const MapArgs& args);

struct CopyHeadsArgs {
    ColumnsView in, out;
    std::uint32_t heads = 0, width = 0;
    std::uint32_t inStep = 0, outStep = 0;  ///< words from head to head
    std::uint32_t columns = 1;
};
/// Copies a part of each head (shaders/kernels/copy_heads.comp).
Result<Dispatch> copyHeads(KernelLibrary& library, const CopyHeadsArgs& args);

struct ColumnStatsArgs {
    ColumnsView in, other, out;
    std::uint32_t width = 0;
    std::uint32_t columns = 1;
    float multiplier = 0;
};
/// out = in |other| / |in|.
Result<Dispatch> matchNorm(KernelLibrary& library, const ColumnStatsArgs& args);
/// out = max(0, in - (mean + multiplier · standard deviation)).
Result<Dispatch> sparse(KernelLibrary& library, const ColumnStatsArgs& args);

struct StreamMixArgs {
    ColumnsView in, out, coefficients, addend;  ///< addend.buffer may be null
    std::uint32_t width = 0;                    ///< of one stream
    std::uint32_t inputs = 1, outputs = 1;
    std::uint32_t matrix = 0, rowStep = 0, columnStep = 0, vector = 0;
    float addBias = 0;
    bool identity = false;
    bool useMatrix = true;
    bool addTo = false;
    std::uint32_t columns = 1;
};
/// Streams mixed by coefficients (shaders/kernels/stream_mix.comp).
Result<Dispatch> streamMix(KernelLibrary& library, const StreamMixArgs& args);

struct HyperArgs {
    ColumnsView in, out;
    const vulkan::Buffer* base = nullptr;
    const vulkan::Buffer* scale = nullptr;
    std::uint32_t baseOffset = 0, scaleOffset = 0;  ///< words
    std::uint32_t streams = 4;
    std::uint32_t iterations = 0;  ///< 0 = weights of the output head only
    float eps = 0;
    std::uint32_t columns = 1;
};
/// Coefficients of hyper-connections (shaders/kernels/hyper.comp).
Result<Dispatch> hyper(KernelLibrary& library, const HyperArgs& args);

struct RouteArgs {
    const vulkan::Buffer* columnInfo = nullptr;
    ColumnsView in, out;
    const vulkan::Buffer* bias = nullptr;
    const vulkan::Buffer* table = nullptr;  ///< (token, used) u32
    const vulkan::Buffer* gain = nullptr;
    std::uint32_t biasOffset = 0, gainOffset = 0;  ///< words
    std::uint32_t experts = 0, used = 0;
    std::uint32_t groups = 1, groupsUsed = 1;
    std::uint32_t gating = 1;
    bool normalise = false;
    float scale = 1;
    std::uint32_t columns = 1;
};
/// Chooses experts (shaders/kernels/route.comp). Unique bytes of gains and tables as if columns chose different ones,
/// as far as there are any: an upper bound; the other figures are exact.
Result<Dispatch> route(KernelLibrary& library, const RouteArgs& args);

}  // namespace kvscope::kernels
