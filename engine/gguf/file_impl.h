// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>

#include "engine/gguf/file.h"
#include "engine/gguf/header_parser.h"
#include "engine/gguf/storage.h"

namespace kvscope::gguf {

inline constexpr std::size_t kMaxPathBytes = 4096;

struct File::Impl {
    std::filesystem::path path;
    Storage storage;
    Header header;  ///< its views point into storage's header copy, whose address survives moves
};

}  // namespace kvscope::gguf
