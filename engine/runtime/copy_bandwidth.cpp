// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/copy_bandwidth.h"

#include <algorithm>
#include <chrono>

#include "engine/vulkan/buffer.h"
#include "engine/vulkan/command.h"

namespace kvscope::runtime {

Result<double> measureCopyBandwidth(vulkan::Device& device) {
    constexpr std::uint64_t kTotal = 256ULL << 20U;
    const std::uint64_t budget = device.memoryBudget() - std::min(device.memoryBudget(), device.allocatedBytes());
    std::uint64_t size = kTotal;
    while (size > (1U << 20U) && (size > device.physical().storageRange || size * 2 > budget / 2)) size /= 2;
    auto from = vulkan::Buffer::create(device, size, vulkan::MemoryUse::Device, "the source of a copy measurement");
    if (!from) return forward(from);
    auto to = vulkan::Buffer::create(device, size, vulkan::MemoryUse::Device, "the target of a copy measurement");
    if (!to) return forward(to);
    auto list = vulkan::CommandList::begin(device, 0, false);
    if (!list) return forward(list);
    for (std::uint64_t done = 0; done < kTotal; done += size) list->copy(*from, *to, size);
    if (auto ended = list->end(); !ended) return forward(ended);
    double best = 0;
    for (int i = 0; i < 5; ++i) {
        const auto start = std::chrono::steady_clock::now();
        if (auto done = list->submitAndWait(); !done) return forward(done);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = std::max(best, 2.0 * static_cast<double>(kTotal) / seconds);
    }
    return best;
}

}  // namespace kvscope::runtime
