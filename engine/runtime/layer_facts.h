// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/model/operations.h"

namespace kvscope::runtime {

/// What each layer caches natively, as JSON: an array with one object a layer: `source` (the layer whose rows it
/// reads), `heads`, `kv_heads`, `key_dim`, `value_dim` (0: the key is the value), `window` (0 = full), `ratio` (tokens
/// of a compressed row, 0 = none), `shared_value` (values of the key that are the value), `selects` (compressed rows
/// that an indexer chooses, 0 = no indexer), `roles` (kinds of rows that the layer owns).
[[nodiscard]] std::string layerFacts(const model::Program& program);

}  // namespace kvscope::runtime
