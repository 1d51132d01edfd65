// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/windows.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace kvscope::model {
namespace {

constexpr std::string_view kPattern = "attention.sliding_window_pattern";

std::vector<bool> fromPeriod(std::uint32_t period, std::uint32_t nLayers) {
    std::vector<bool> windowed;
    for (std::uint32_t layer = 0; layer < nLayers; ++layer) {
        windowed.push_back(period == 0 || layer % period + 1 < period);
    }
    return windowed;
}

/// One a layer; entries beyond the layers (of blocks that are left out) are dropped.
Result<std::vector<bool>> readPattern(const KeyReader& keys, std::uint32_t period, std::uint32_t nLayers) {
    const gguf::KeyValue* entry = keys.file().find(keys.key(kPattern));
    if (entry == nullptr || entry->type != gguf::ValueType::Array) {
        auto value = keys.count(kPattern, kLargestCount, period);
        if (!value) return forward(value);
        return fromPeriod(*value, nLayers);
    }
    auto values = keys.file().readBoolArray(keys.key(kPattern));
    if (!values) return forward(values);
    if ((*values)->size() < nLayers) {
        return fail(ErrorKind::BadFile, keys.where(kPattern), "the array has {} entries but the model has {} layers",
                    (*values)->size(), nLayers);
    }
    (*values)->resize(nLayers);
    return std::move(**values);
}

}  // namespace

Result<void> readWindows(const KeyReader& keys, const WindowDefaults& defaults, Hparams& h) {
    auto window = keys.count("attention.sliding_window", kLargestCount, defaults.window.value_or(0));
    if (!window) return forward(window);
    auto windowed = readPattern(keys, defaults.period, h.nLayers);
    if (!windowed) return forward(windowed);
    h.windows.assign(h.nLayers, 0);
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        if ((*windowed)[layer]) h.windows[layer] = *window;
    }
    return {};
}

Result<void> readSharedLayers(const KeyReader& keys, std::uint32_t fallback, Hparams& h) {
    constexpr std::string_view kShared = "attention.shared_kv_layers";
    auto shared = keys.count(kShared, h.nLayers - 1, std::min(fallback, h.nLayers - 1));
    if (!shared) return forward(shared);
    h.sourceLayers.resize(h.nLayers);
    std::iota(h.sourceLayers.begin(), h.sourceLayers.end(), 0U);
    const std::uint32_t own = h.nLayers - *shared;
    for (std::uint32_t layer = own; layer < h.nLayers; ++layer) {
        std::uint32_t source = own;
        while (source > 0 && (h.windows[source - 1] != 0) != (h.windows[layer] != 0)) --source;
        if (source == 0) {
            return fail(ErrorKind::BadFile, keys.where(kShared),
                        "the value is {}, so layer {} would borrow rows, but no earlier layer is {} as it is", *shared,
                        layer, h.windows[layer] != 0 ? "windowed" : "full");
        }
        h.sourceLayers[layer] = source - 1;
    }
    return {};
}

}  // namespace kvscope::model
