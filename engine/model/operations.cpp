// SPDX-License-Identifier: Apache-2.0
#include "engine/model/operations.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace kvscope::model {

std::vector<std::uint32_t> standardSlots(const Hparams& h) {
    std::uint32_t qkv = 0;
    std::uint32_t attention = 0;
    std::uint32_t feedForward = 0;
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const std::uint32_t keys = (h.nHeads[layer] + h.nKvHeads[layer]) * h.keyDims[layer];
        qkv = std::max(qkv, keys + h.nKvHeads[layer] * h.valueDims[layer]);
        attention = std::max(attention, h.nHeads[layer] * h.valueDims[layer]);
        feedForward = std::max(feedForward, h.nFf[layer]);
    }
    return {h.nEmbd, h.nEmbd, qkv, attention, feedForward, h.nVocab};
}

Slot Program::addSlot(std::uint32_t width) {
    slotWidths.push_back(width);
    return static_cast<Slot>(slotWidths.size() - 1);
}

std::uint32_t Program::streamOf(std::uint32_t layer, RowRole role) const {
    const auto found = std::ranges::find_if(
        layout.streams, [&](const CacheStream& stream) { return stream.layer == layer && stream.role == role; });
    KVS_ASSERT(found != layout.streams.end());
    return static_cast<std::uint32_t>(found - layout.streams.begin());
}

}  // namespace kvscope::model
