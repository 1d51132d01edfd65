// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/spirv.h"

#include <algorithm>
#include <map>

namespace kvscope::vulkan {

namespace {

constexpr std::uint32_t kOpDecorate = 71, kOpMemberDecorate = 72, kOpVariable = 59, kOpTypePointer = 32;
constexpr std::uint32_t kDecorationBinding = 33, kDecorationOffset = 35;
constexpr std::uint32_t kStoragePushConstant = 9, kStorageStorageBuffer = 12;

struct Scan {
    std::map<std::uint32_t, std::uint32_t> bindingOf;   // variable -> binding
    std::map<std::uint32_t, std::uint32_t> lastOffset;  // struct -> largest member offset
    std::map<std::uint32_t, std::uint32_t> pointee;     // pointer type -> type
    std::vector<std::uint32_t> storageVariables;
    std::uint32_t pushPointer = 0;
};

void read(Scan& scan, std::uint32_t op, std::span<const std::uint32_t> w) {
    if (op == kOpDecorate && w.size() >= 4 && w[2] == kDecorationBinding) scan.bindingOf[w[1]] = w[3];
    if (op == kOpMemberDecorate && w.size() >= 5 && w[3] == kDecorationOffset) {
        scan.lastOffset[w[1]] = std::max(scan.lastOffset[w[1]], w[4]);
    }
    if (op == kOpTypePointer && w.size() >= 4) scan.pointee[w[1]] = w[3];
    if (op == kOpVariable && w.size() >= 4) {
        if (w[3] == kStorageStorageBuffer) scan.storageVariables.push_back(w[2]);
        if (w[3] == kStoragePushConstant) scan.pushPointer = w[1];
    }
}

}  // namespace

ShaderInterface reflect(std::span<const std::uint32_t> spirv) {
    Scan scan;
    for (std::size_t at = 5; at < spirv.size();) {
        const std::uint32_t count = spirv[at] >> 16U;
        if (count == 0 || at + count > spirv.size()) break;
        read(scan, spirv[at] & 0xFFFFU, spirv.subspan(at, count));
        at += count;
    }
    ShaderInterface result;
    for (const std::uint32_t variable : scan.storageVariables) result.bindings.push_back(scan.bindingOf[variable]);
    std::ranges::sort(result.bindings);
    const auto repeated = std::ranges::unique(result.bindings);
    result.bindings.erase(repeated.begin(), repeated.end());
    if (scan.pushPointer != 0) {
        // members are 4-byte scalars (shaders/shared/types.h)
        result.pushBytes = scan.lastOffset[scan.pointee[scan.pushPointer]] + 4;
    }
    return result;
}

}  // namespace kvscope::vulkan
