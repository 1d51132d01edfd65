// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/hparams.h"
#include "engine/model/key_reader.h"

namespace kvscope::model {

/// What a file's keys say about windowed layers when they are silent.
struct WindowDefaults {
    std::optional<std::uint32_t> window;  ///< of attention.sliding_window; nothing = no windows without the key
    std::uint32_t period = 0;             ///< layer il is windowed iff period = 0 or il mod period < period - 1
};

/// Fills hparams.windows from {arch}.attention.sliding_window and .sliding_window_pattern, an integer period or an
/// array with true for a windowed layer (architectures.md 1.6). A window of 0 tokens means full attention.
[[nodiscard]] Result<void> readWindows(const KeyReader& keys, const WindowDefaults& defaults, Hparams& hparams);

/// Fills hparams.sourceLayers from {arch}.attention.shared_kv_layers: of the last so many layers each reads the rows of
/// the last earlier layer of its kind (windowed or full). To be called after readWindows.
[[nodiscard]] Result<void> readSharedLayers(const KeyReader& keys, std::uint32_t fallback, Hparams& hparams);

}  // namespace kvscope::model
