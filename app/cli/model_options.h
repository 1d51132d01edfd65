// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/command.h"
#include "engine/runtime/engine.h"

namespace kvscope::cli {

/// Options of every command that runs a model.
struct ModelOptions {
    std::string model;   ///< empty = the bundled model
    std::string device;  ///< empty = best
    bool validation = false;
};

/// --model alone: commands that read only the header.
void addModelOption(CLI::App& app, std::string& model);
/// --model, --device, --validation.
void addModelOptions(CLI::App& app, ModelOptions& options);

/// The model's file: as named, or the bundled one.
[[nodiscard]] Result<std::filesystem::path> modelPath(const std::string& model);
/// Opens the model with progress on stderr; errors of the file lead to exit code 3.
[[nodiscard]] Result<std::unique_ptr<runtime::Engine>> openEngine(const ModelOptions& options, const Context& context);

}  // namespace kvscope::cli
