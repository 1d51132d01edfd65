// SPDX-License-Identifier: Apache-2.0
#include "app/cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

#include "app/cli/command.h"
#include "app/cli/memory.h"
#include "app/cli/text_file.h"
#include "engine/gguf/file.h"

namespace kvscope::cli {

namespace {

constexpr const char* kText =
    "In the beginning God created the heaven and the earth. And the earth was without form, and void; and darkness was "
    "upon the face of the deep. And the Spirit of God moved upon the face of the waters. And God said, Let there be "
    "light: and there was light. And God saw the light, that it was good: and God divided the light from the darkness. "
    "And God called the light Day, and the darkness he called Night. And the evening and the morning were the first "
    "day. ";

/// The model's files, all parts of a split one.
Result<std::vector<std::filesystem::path>> filesOf(const std::string& model) {
    auto path = modelPath(model);
    if (!path) return forward(path);
    const auto file = gguf::File::open(*path);
    if (!file) return std::unexpected(asInputError(file.error()));
    std::vector<std::filesystem::path> files;
    for (const gguf::FilePart& part : file->parts()) files.push_back(part.path);
    return files;
}

/// Times reading the file and loading it, both from the disk.
Result<std::unique_ptr<runtime::Engine>> timedLoad(const BenchSettings& settings, const Context& context,
                                                   BenchResult& result) {
    const auto files = filesOf(settings.model.model);
    if (!files) return forward(files);
    auto cold = coldRead(*files);
    if (!cold) return std::unexpected(asInputError(cold.error()));
    result.coldRead = *cold;
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t startCpu = std::clock();
    auto engine = openEngine(settings.model, context);
    result.loadCpuSeconds = static_cast<double>(std::clock() - startCpu) / CLOCKS_PER_SEC;
    result.loadSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return engine;
}

Result<void> measure(const Bench& bench) {
    if (!bench.settings.weights.empty()) return measureWeights(bench);
    if (auto done = measureSpeed(bench); !done) return done;
    if (bench.settings.noProbes) return {};
    return measureProbes(bench);
}

Result<int> runBench(const BenchSettings& settings, const Context& context) {
    auto policy = policyOf(settings.cache);
    if (!policy) return forward(policy);
    BenchResult result;
    auto engine = timedLoad(settings, context, result);
    if (!engine) return forward(engine);
    auto tokens = TokenSource::create((*engine)->tokenizer());
    if (!tokens) return forward(tokens);
    Progress progress;
    const Bench bench{settings, **engine, *tokens, *policy, context.stop, progress, result};
    if (auto done = measure(bench); !done) return forward(done);
    result.compile = compileTime(**engine);
    auto copy = (*engine)->copyBytesPerSecond();  // last: its buffers are no memory of a run
    if (!copy) return forward(copy);
    result.copyBytesPerSecond = *copy;
    progress.clear();
    if (settings.json) {
        printJson(benchJson(bench));
    } else {
        fmt::print("{}", benchMarkdown(bench));
    }
    const std::vector<std::string> complaints = (*engine)->validationMessages();
    for (const std::string& message : complaints) fmt::print(stderr, "validation layer: {}\n", message);
    return complaints.empty() ? kExitOk : kExitFailed;
}

}  // namespace

MeanSd meanSd(const std::vector<double>& values) {
    if (values.empty()) return {std::nan(""), std::nan("")};
    double sum = 0;
    for (const double value : values) sum += value;
    const double mean = sum / static_cast<double>(values.size());
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const bool several = values.size() > 1;
    return {mean, several ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : std::nan("")};
}

double median(std::vector<double> values) {
    if (values.empty()) return std::nan("");
    std::ranges::sort(values);
    const std::size_t n = values.size();
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

Result<TokenSource> TokenSource::create(const text::Tokenizer& tokenizer) {
    TokenSource source;
    auto first = tokenizer.encode(kText, {.addSpecial = true, .parseSpecial = false});
    if (!first) return forward(first);
    auto rest = tokenizer.encode(kText, {.addSpecial = false, .parseSpecial = false});
    if (!rest) return forward(rest);
    source.m_first = std::move(*first);
    source.m_rest = std::move(*rest);
    if (source.m_rest.empty()) return fail(ErrorKind::Unsupported, "tokenizer", "it makes no tokens of a text");
    return source;
}

std::vector<text::TokenId> TokenSource::take(std::size_t count) const {
    std::vector<text::TokenId> tokens = m_first;
    while (tokens.size() < count) tokens.insert(tokens.end(), m_rest.begin(), m_rest.end());
    tokens.resize(count);
    return tokens;
}

void Timed::add(const Timed& other) {
    seconds += other.seconds;
    tokens += other.tokens;
    steps += other.steps;
    dispatches += other.dispatches;
    submissions += other.submissions;
    hostNs += other.hostNs;
    gpuNs += other.gpuNs;
    cacheBytesAllocated = std::max(cacheBytesAllocated, other.cacheBytesAllocated);
    for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
        traffic.byCategory[i].readRequested += other.traffic.byCategory[i].readRequested;
        traffic.byCategory[i].readUnique += other.traffic.byCategory[i].readUnique;
        traffic.byCategory[i].written += other.traffic.byCategory[i].written;
    }
    for (const auto& [name, kernel] : other.kernels) {
        trace::KernelRecord& sum = kernels[name];
        sum.dispatches += kernel.dispatches;
        sum.bytesRead += kernel.bytesRead;
        sum.bytesUnique += kernel.bytesUnique;
        sum.bytesWritten += kernel.bytesWritten;
        sum.gpuNs += kernel.gpuNs;
        sum.flops += kernel.flops;
    }
}

namespace {

std::vector<std::string> weightChoices() {
    std::vector<std::string> names{"all"};
    for (const std::string_view type : runtime::weightTypes()) names.emplace_back(type);
    return names;
}

}  // namespace

Body setupBench(CLI::App& app) {
    auto settings = std::make_shared<BenchSettings>();
    addModelOptions(app, settings->model);
    app.add_option("-d,--depths", settings->depths, "rows before the measured tokens, with commas between")
        ->delimiter(',')
        ->check(CLI::Range(0, 1 << 20))
        ->capture_default_str();
    app.add_option("-n,--tokens", settings->tokens, "tokens decoded a repeat")
        ->check(CLI::Range(1, 1 << 16))
        ->capture_default_str();
    app.add_option("--prefill", settings->prefill, "tokens prefilled a repeat")
        ->check(CLI::Range(2, 1 << 16))
        ->capture_default_str();
    app.add_option("-r,--repeats", settings->repeats, "repeats, at least 5")
        ->check(CLI::Range(5, 1000))
        ->capture_default_str();
    app.add_option("--probe-depth", settings->probeDepth, "depth at which the probes' cost is measured")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    app.add_flag("--no-probes", settings->noProbes, "leaves out the cost of the probes");
    app.add_option("--weights", settings->weights,
                   "speed of products by type of the weights (Q4_K,Q8_0 …, or all) instead of steps at depths")
        ->delimiter(',')
        ->check(CLI::IsMember(weightChoices()));
    app.add_flag("--json", settings->json, "prints JSON instead of Markdown");
    addPolicyOptions(app, settings->cache, "--chunk");
    return [settings](const Context& context) { return runBench(*settings, context); };
}

}  // namespace kvscope::cli
