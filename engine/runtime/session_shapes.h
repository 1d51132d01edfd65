// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/cache/store/region_store.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"
#include "engine/probe/attention_error.h"
#include "engine/runtime/session.h"

namespace kvscope::runtime {

/// The store of a session: one stream for each of the program's, rings for its compressors.
[[nodiscard]] cache::StoreShape storeShape(const model::Program& program, std::uint32_t contextLength,
                                           const SessionOptions& options);

/// What the error probe must know of each layer; layers that read two streams are left out (heads = 0).
[[nodiscard]] Result<probe::ErrorShape> errorShape(const gguf::File& file, const model::Program& program,
                                                   std::uint32_t contextLength);

}  // namespace kvscope::runtime
