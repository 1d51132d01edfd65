// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/row_storage.h"

#include <array>

#include "shaders/shared/constants.h"

namespace kvscope::kernels {

namespace {

constexpr std::array kStorages{
    RowStorage{shared::kRowF32, "f32", 1, 32, false},
    RowStorage{shared::kRowF16, "f16", 1, 16, false},
    RowStorage{shared::kRowQ8_0, "q8_0", 32, 8, true},
    RowStorage{shared::kRowQ4_0, "q4_0", 32, 4, true},
};

}  // namespace

const RowStorage* findRowStorage(std::string_view name) {
    for (const RowStorage& storage : kStorages) {
        if (storage.name == name) return &storage;
    }
    return nullptr;
}

std::uint32_t chunkOf(std::uint32_t headDim) {
    if (headDim % 32 == 0) return 32;
    return headDim % 8 == 0 ? 8 : 0;
}

}  // namespace kvscope::kernels
