// SPDX-License-Identifier: Apache-2.0
#include "app/cli/model_options.h"

#include <fmt/format.h>

#include "app/cli/progress.h"
#include "app/cli/resources.h"
#include "app/cli/text_file.h"

namespace kvscope::cli {

void addModelOption(CLI::App& app, std::string& model) {
    app.add_option("-m,--model", model, "GGUF file; without it the bundled model");
}

void addModelOptions(CLI::App& app, ModelOptions& options) {
    addModelOption(app, options.model);
    app.add_option("--device", options.device, "Vulkan device: number, part of the name, or UUID (see 'devices')");
    app.add_flag("--validation", options.validation, "Vulkan validation layer; exit code 1 if it has complaints");
}

Result<std::filesystem::path> modelPath(const std::string& model) {
    if (!model.empty()) return std::filesystem::path(model);
    auto bundled = findResource("models/kjv-gqa-q8_0.gguf");
    if (!bundled) return std::unexpected(asInputError(bundled.error()));
    return bundled;
}

Result<std::unique_ptr<runtime::Engine>> openEngine(const ModelOptions& options, const Context& context) {
    auto path = modelPath(options.model);
    if (!path) return forward(path);
    Progress progress;
    runtime::EngineOptions engineOptions;
    engineOptions.device = options.device;
    engineOptions.validation = options.validation;
    engineOptions.progress = [&](float fraction, const std::string& what) {
        progress.show(fmt::format("loading {:.0f} %: {}", 100 * fraction, what));
    };
    auto engine = runtime::Engine::open(*path, engineOptions, context.stop);
    if (!engine) return std::unexpected(asInputError(engine.error()));
    return engine;
}

}  // namespace kvscope::cli
