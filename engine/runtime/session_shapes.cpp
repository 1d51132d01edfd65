// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/session_shapes.h"

#include <algorithm>

#include "engine/gguf/dequantise.h"

namespace kvscope::runtime {

cache::StoreShape storeShape(const model::Program& program, std::uint32_t contextLength,
                             const SessionOptions& options) {
    cache::StoreShape shape;
    shape.contextLength = contextLength;
    shape.maxColumns = std::max(options.chunk, 16U);
    shape.rowsCap = options.cacheRowsCap;
    for (const model::CacheStream& stream : program.layout.streams) {
        cache::StreamShape one;
        one.layer = stream.layer;
        one.heads = program.hparams.nHeads[stream.layer];
        one.kvHeads = stream.kvHeads;
        one.headDim = stream.keyDim;
        one.index = stream.role == model::RowRole::Index;
        one.sharedValue = stream.valueDim == 0;
        one.valueDim = one.index ? stream.keyDim : one.sharedValue ? stream.sharedValue : stream.valueDim;
        one.nativeWindow = stream.window;
        one.tokensPerRow = stream.tokensPerRow;
        shape.streams.push_back(one);
    }
    shape.rings.resize(program.layout.states.size());
    for (const model::Operation& operation : program.operations) {
        const auto* compress = std::get_if<model::CompressOp>(&operation);
        if (compress == nullptr) continue;
        // a step's tokens are put in before its blocks are pooled: the ring holds them all, and what blocks look back
        // at
        const std::uint32_t back = compress->overlap ? 2 * compress->ratio : compress->ratio;
        shape.rings[compress->state] = {back + shape.maxColumns, 2 * compress->value.width};
    }
    return shape;
}

Result<probe::ErrorShape> errorShape(const gguf::File& file, const model::Program& program,
                                     std::uint32_t contextLength) {
    probe::ErrorShape shape;
    shape.positions = contextLength;
    shape.layers.resize(program.hparams.nLayers);
    for (const model::Operation& operation : program.operations) {
        const auto* attend = std::get_if<model::AttendOp>(&operation);
        if (attend == nullptr || attend->reads.size() > 1) continue;
        const model::CacheStream& stream = program.layout.streams[attend->reads.front().stream];
        probe::ErrorLayer& layer = shape.layers[attend->layer];
        layer.owner = stream.layer;
        layer.heads = attend->heads;
        layer.kvHeads = stream.kvHeads;
        layer.keyDim = stream.keyDim;
        layer.sharedValue = stream.valueDim == 0;
        layer.valueDim = layer.sharedValue ? stream.sharedValue : stream.valueDim;
        layer.window = attend->reads.front().window;
        layer.scale = attend->scale;
        layer.softcap = attend->softcap;
        if (!attend->sinks.present()) continue;
        const gguf::TensorInfo& tensor = file.tensors()[static_cast<std::size_t>(attend->sinks.index)];
        std::vector<std::byte> raw(tensor.bytes);
        if (auto got = file.read(tensor, 0, raw); !got) return forward(got);
        layer.sinks.resize(tensor.values());
        if (auto done = gguf::dequantise(tensor.type, raw, layer.sinks); !done) return forward(done);
    }
    return shape;
}

}  // namespace kvscope::runtime
