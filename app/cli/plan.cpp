// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/plan_report.h"
#include "app/cli/policy_options.h"
#include "app/cli/text_file.h"
#include "engine/cache/policy/registry.h"
#include "engine/gguf/quote.h"
#include "engine/model/registry.h"
#include "engine/planner/formats.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::cli {

namespace {

struct PlanSettings {
    std::string preset;
    std::string file;
    std::string policy = "encode=f16";
    std::vector<std::uint64_t> contexts;
    std::uint64_t sequences = 1;
    std::uint64_t chunk = 64;
    std::optional<std::uint64_t> prompt, runContext;
    std::optional<double> bandwidth;  ///< GB/s
    std::optional<double> flops;      ///< 10^9 operations a second
    std::optional<std::uint64_t> weightBytes;
    std::string device;
    bool noSharing = false, noWindows = false, json = false;
};

Result<void> readFile(const PlanSettings& settings, planner::PlanRequest& request, PlanFacts& facts) {
    auto path = modelPath(settings.file);
    if (!path) return forward(path);
    auto file = gguf::File::open(*path);
    if (!file) return std::unexpected(asInputError(file.error()));
    auto architecture = file->readString("general.architecture");
    if (!architecture) return forward(architecture);
    if (*architecture && model::findArchitecture(**architecture) == nullptr) {
        return fail(ErrorKind::Unsupported, path->string(),
                    "what the architecture '{}' caches is not known to this version", gguf::quoteName(**architecture));
    }
    auto hparams = model::readHparams(*file);
    if (!hparams) return forward(hparams);
    auto weights = planner::weightsRead(*file, *hparams);
    if (!weights) return forward(weights);
    request.hparams = std::move(*hparams);
    request.weights = *weights;
    facts.file = path->string();
    facts.source = "header of the file";
    return {};
}

Result<void> readModel(const PlanSettings& settings, planner::PlanRequest& request, PlanFacts& facts) {
    if (settings.preset.empty()) {
        if (auto read = readFile(settings, request, facts); !read) return read;
    } else {
        const auto preset = planner::findPreset(settings.preset);
        if (!preset) return forward(preset);
        request.hparams = (*preset)->make();
        facts.preset = (*preset)->name;
        facts.source = (*preset)->source;
    }
    if (settings.noSharing) request.hparams = planner::withoutSharing(std::move(request.hparams));
    if (settings.noWindows) request.hparams = planner::withoutWindows(std::move(request.hparams));
    return {};
}

/// Bandwidth as given, or what copying reaches on the device.
Result<void> readMachine(const PlanSettings& settings, const Context& context, planner::PlanRequest& request,
                         PlanFacts& facts) {
    if (settings.flops) request.flops = *settings.flops * 1e9;
    if (settings.bandwidth) {
        request.bandwidth = *settings.bandwidth * 1e9;
        facts.bandwidthFrom = "given";
    }
    if (settings.device.empty()) return {};
    auto engine = openEngine({.device = settings.device}, context);  // with the bundled model: it is small
    if (!engine) return forward(engine);
    const auto measured = (*engine)->copyBytesPerSecond();
    if (!measured) return forward(measured);
    if (std::isfinite(*measured) && *measured > 0) {
        request.bandwidth = *measured;
        facts.bandwidthFrom = "measured";
    }
    facts.device = (*engine)->device().name;
    return {};
}

/// The lengths of the table: those given, or the powers of two up to 1M.
std::vector<std::uint64_t> lengthsOf(const PlanSettings& settings) {
    if (settings.contexts.size() > 1) return settings.contexts;
    std::vector<std::uint64_t> lengths;
    for (std::uint64_t tokens = 1024; tokens <= 1048576; tokens *= 2) lengths.push_back(tokens);
    return lengths;
}

Result<int> planModel(const PlanSettings& settings, const Context& context) {
    PlanFacts facts{.policy = settings.policy};
    planner::PlanRequest request{.chunk = settings.chunk, .sequences = settings.sequences};
    request.promptTokens = settings.prompt;
    request.contextLength = settings.runContext;
    auto policy = planner::PlanPolicy::parse(settings.policy);
    if (!policy) return forward(policy);
    request.policy = std::move(*policy);
    if (auto read = readModel(settings, request, facts); !read) return forward(read);
    if (settings.weightBytes) request.weights = planner::WeightsRead{.bytes = *settings.weightBytes};
    if (settings.contexts.empty() && request.hparams.nCtxTrained == 0) {
        return fail(ErrorKind::BadUsage, "--context", "the model's own is not known: give one");
    }
    const std::uint64_t length = settings.contexts.empty() ? request.hparams.nCtxTrained : settings.contexts.front();
    if (auto read = readMachine(settings, context, request, facts); !read) return forward(read);
    const auto planner = planner::Planner::create(std::move(request));
    if (!planner) return forward(planner);
    auto plan = planner->at(length);
    if (!plan) return forward(plan);
    PlanReport report{*planner, std::move(facts), std::move(*plan), {}};
    for (const std::uint64_t tokens : lengthsOf(settings)) {
        auto made = planner->at(tokens);
        if (!made) return forward(made);
        report.byContext.push_back(std::move(*made));
    }
    settings.json ? printJson(planJson(report)) : fmt::print("{}", planText(report));
    return kExitOk;
}

std::string footer() {
    std::string text = "Presets:";
    std::size_t column = text.size();
    for (const planner::Preset& preset : planner::presets()) {
        if (column + 1 + preset.name.size() > 100) {
            text += "\n ";
            column = 1;
        }
        text += fmt::format(" {}", preset.name);
        column += 1 + preset.name.size();
    }
    text += "\n\nStorage types that only plans know:\n";
    for (const cache::MemberInfo& member : planner::planOnlyMembers()) {
        text += fmt::format("  {:<16}{}\n", member.name, member.summary);
    }
    text += "deepseek-mixed and flashmla take (scales=omitted): published sizes leave the bytes of scales out.\n\n";
    return text + cache::policyHelp();
}

}  // namespace

Body setupPlan(CLI::App& app) {
    auto settings = std::make_shared<PlanSettings>();
    auto* preset = app.add_option("--preset", settings->preset, "a published model; the names are below");
    addModelOption(app, settings->file);
    preset->excludes("--model");
    app.add_option("-c,--context", settings->contexts,
                   "tokens in the cache, several with commas between; without it what the model was trained on")
        ->delimiter(',')
        ->check(CLI::Range(std::uint64_t{1}, planner::Planner::kMostTokens));
    app.add_option("-p,--policy", settings->policy, "cache policy in quotes")->capture_default_str();
    app.add_option("--sequences", settings->sequences, "caches of this length")
        ->check(CLI::Range(std::uint64_t{1}, planner::Planner::kMostSequences))
        ->capture_default_str();
    app.add_option("--chunk", settings->chunk, "prompt tokens a step, which pages must have room for")
        ->check(CLI::Range(1, 512))
        ->capture_default_str();
    app.add_option("--prompt-tokens", settings->prompt,
                   "tokens that come in chunks, the rest one a step; without it all");
    app.add_option("--run-context", settings->runContext, "rows that a run has room for; without it the context")
        ->check(CLI::Range(std::uint64_t{1}, planner::Planner::kMostTokens));
    app.add_flag("--no-sharing", settings->noSharing, "as if no layer read another's rows");
    app.add_flag("--no-windows", settings->noWindows, "as if every layer attended to everything");
    auto* bandwidth = app.add_option("--bandwidth", settings->bandwidth, "memory bandwidth in GB/s, for the roofline")
                          ->check(between(1e-6, 1e9));
    app.add_option("--flops", settings->flops, "10^9 operations a second, for the roofline")
        ->check(between(1e-6, 1e12));
    app.add_option("--weights-bytes", settings->weightBytes,
                   "bytes of weights that a decode step reads; without it from a file's tensors, or unknown")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 50U));
    app.add_option("--device", settings->device,
                   "measures the bandwidth of this Vulkan device: number, part of the name, or UUID")
        ->excludes(bandwidth);
    app.add_flag("--json", settings->json, "prints JSON");
    app.footer(footer());
    return [settings](const Context& context) { return planModel(*settings, context); };
}

}  // namespace kvscope::cli
