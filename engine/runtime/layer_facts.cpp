// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/layer_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace kvscope::runtime {

std::string layerFacts(const model::Program& program) {
    const model::Hparams& h = program.hparams;
    std::string text = "[";
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const std::uint32_t source = h.sourceLayers[layer];
        std::vector<std::string> roles;
        std::uint32_t kvHeads = 0;
        std::uint32_t keyDim = 0;
        std::uint32_t valueDim = 0;
        std::uint32_t ratio = 0;
        std::uint32_t sharedValue = 0;
        std::uint32_t selects = 0;
        for (const model::CacheStream& stream : program.layout.streams) {
            if (stream.layer == layer) roles.push_back(fmt::format("\"{}\"", model::name(stream.role)));
            if (stream.layer != source) continue;
            if (stream.role == model::RowRole::Index) selects = h.indexerTopK;
            if (stream.role == model::RowRole::Compressed) ratio = stream.tokensPerRow;
            if (stream.role == model::RowRole::Compressed || stream.role == model::RowRole::Index) continue;
            kvHeads = stream.kvHeads;
            keyDim = stream.keyDim;
            valueDim = stream.valueDim;
            sharedValue = stream.sharedValue;
        }
        text += fmt::format(
            "{}{{\"source\":{},\"heads\":{},\"kv_heads\":{},\"key_dim\":{},\"value_dim\":{},\"window\":{},"
            "\"ratio\":{},\"shared_value\":{},\"selects\":{},\"roles\":[{}]}}",
            layer == 0 ? "" : ",", source, h.nHeads[layer], kvHeads, keyDim, valueDim, h.windows[layer], ratio,
            sharedValue, selects, fmt::join(roles, ","));
    }
    return text + "]";
}

}  // namespace kvscope::runtime
