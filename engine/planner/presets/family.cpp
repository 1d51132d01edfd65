// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/presets/family.h"

namespace kvscope::planner {

model::Hparams makeUniform(const UniformModel& model) {
    model::Hparams h;
    h.architecture = model.architecture;
    h.name = model.name;
    h.nLayers = model.layers;
    h.nCtxTrained = model.context;
    h.nHeads.assign(model.layers, model.heads);
    h.nKvHeads.assign(model.layers, model.kvHeads);
    h.headDimK = h.headDimV = h.ropeDims = model.headDim;
    h.fillLayers();
    return h;
}

void setWindows(model::Hparams& hparams, std::uint32_t period, std::uint32_t window) {
    for (std::uint32_t layer = 0; layer < hparams.nLayers; ++layer) {
        hparams.windows[layer] = layer % period == period - 1 ? 0 : window;
    }
}

}  // namespace kvscope::planner
