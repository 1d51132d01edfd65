// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

namespace kvscope::test {

/// A file of the shared folder (KVSCOPE_SHARED, or "shared" beside the source folder); nothing when it is absent.
inline std::optional<std::filesystem::path> sharedFile(std::string_view name) {
    const char* folder = std::getenv("KVSCOPE_SHARED");
    const std::filesystem::path base =
        folder != nullptr ? std::filesystem::path(folder) : std::filesystem::path(KVSCOPE_SOURCE_DIR) / ".." / "shared";
    std::error_code error;
    if (!std::filesystem::exists(base / name, error)) return std::nullopt;
    return base / name;
}

/// A committed file of tests/golden/data.
inline std::filesystem::path goldenFile(std::string_view name) {
    return std::filesystem::path(KVSCOPE_SOURCE_DIR) / "tests" / "golden" / "data" / name;
}

/// A real model in the folder KVSCOPE_MODELS (scripts/fetch-models fills it), by default ~/.cache/kvscope/models;
/// nothing when it is absent.
inline std::optional<std::filesystem::path> modelFile(std::string_view name) {
    const char* folder = std::getenv("KVSCOPE_MODELS");
    const char* home = std::getenv("HOME");
    const std::filesystem::path base =
        folder != nullptr ? std::filesystem::path(folder)
                          : std::filesystem::path(home != nullptr ? home : ".") / ".cache" / "kvscope" / "models";
    std::error_code error;
    if (!std::filesystem::exists(base / name, error)) return std::nullopt;
    return base / name;
}

}  // namespace kvscope::test
