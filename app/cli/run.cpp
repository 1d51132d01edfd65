// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "app/cli/command.h"
#include "app/cli/run_report.h"
#include "app/cli/text_file.h"

namespace kvscope::cli {

namespace {

constexpr const char* kDefaultPrompt = "In the beginning God created the heaven and the earth.";

Result<std::vector<std::string>> promptLines(const std::string& path) {
    auto text = readTextFile(path);
    if (!text) return forward(text);
    std::vector<std::string> prompts;
    std::istringstream lines(*text);
    std::size_t at = 0;
    for (std::string line; std::getline(lines, line);) {
        ++at;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("prompt") || !json["prompt"].is_string()) {
            return fail(ErrorKind::BadFile, fmt::format("{}: line {}", path, at),
                        "it is no JSON object with a text under \"prompt\"");
        }
        prompts.push_back(json["prompt"].get<std::string>());
    }
    if (prompts.empty()) return fail(ErrorKind::BadFile, path, "it holds no prompt");
    return prompts;
}

Result<std::vector<std::string>> prompts(const RunSettings& settings) {
    if (auto checked = checkChat(settings.chat); !checked) return forward(checked);
    if (int{!settings.prompt.empty()} + int{!settings.promptFile.empty()} + int{!settings.promptsFile.empty()} +
            int{settings.chat.wanted()} >
        1) {
        return fail(ErrorKind::BadUsage, "run",
                    "give one of --prompt, --prompt-file, --prompts, --chat and --chat-file");
    }
    if (settings.chat.wanted()) return std::vector<std::string>();  // the model's file writes it
    if (!settings.promptsFile.empty()) return promptLines(settings.promptsFile);
    if (settings.promptFile.empty()) {
        return std::vector{settings.prompt.empty() ? std::string(kDefaultPrompt) : settings.prompt};
    }
    auto text = readTextFile(settings.promptFile);
    if (!text) return forward(text);
    return std::vector{std::move(*text)};
}

Result<std::vector<PolicySwitch>> policySwitches(const RunSettings& settings) {
    std::vector<PolicySwitch> switches;
    for (const std::string& item : settings.policyAt) {
        const std::size_t colon = item.find(':');
        PolicySwitch change;
        const char* end = item.data() + (colon == std::string::npos ? 0 : colon);
        const auto [stopped, error] = std::from_chars(item.data(), end, change.step);
        if (colon == std::string::npos || error != std::errc{} || stopped != end) {
            return fail(ErrorKind::BadUsage, "--policy-at", "'{}' is not STEP:POLICY", item);
        }
        auto policy = cache::CachePolicy::parse(item.substr(colon + 1));
        if (!policy) return forward(policy);
        change.policy = std::move(*policy);
        switches.push_back(std::move(change));
    }
    return switches;
}

runtime::SessionOptions sessionOptions(const RunSettings& settings, cache::CachePolicy policy) {
    runtime::SessionOptions options;
    options.policy = std::move(policy);
    options.contextLength = settings.context;
    options.chunk = settings.cache.chunk;
    options.cacheRowsCap = settings.cache.rowsCap;
    options.probes.errorEvery = settings.errorEvery;
    options.probes.kernelTimes = settings.kernelTimes;
    options.seed = settings.sampler.seed;
    options.exactLane = settings.exactLane;
    return options;
}

Result<void> addSequences(runtime::Session& session, const text::Tokenizer& tokenizer, const RunSettings& settings,
                          const std::vector<std::string>& texts) {
    runtime::SamplerOptions sampler = settings.sampler;
    for (const std::string& text : texts) {
        auto tokens = settings.chat.wanted()
                          ? text::encodeChat(tokenizer, text)
                          : tokenizer.encode(text, {.addSpecial = true, .parseSpecial = settings.parseSpecial});
        if (!tokens) return forward(tokens);
        if (auto added = session.addSequence(*tokens, sampler); !added) return forward(added);
        ++sampler.seed;
    }
    return {};
}

/// Compiles the kernels of a run by a short one that is thrown away, so that no speed figure contains compiling.
Result<void> warmUp(runtime::Engine& engine, runtime::SessionOptions options, const std::vector<std::string>& texts,
                    const std::stop_token& stop) {
    auto tokens = engine.tokenizer().encode(texts.front(), {});
    if (!tokens) return forward(tokens);
    if (tokens->empty()) return {};
    tokens->resize(std::min<std::size_t>(tokens->size(), options.chunk));
    options.contextLength = static_cast<std::uint32_t>(tokens->size()) + 1;
    options.exactLane = false;
    options.cacheRowsCap = 0;
    auto session = runtime::Session::create(engine, options);
    if (!session) return forward(session);
    if (auto added = (*session)->addSequence(*tokens, {}); !added) return forward(added);
    for (int step = 0; step < 2; ++step) {
        auto bundle = (*session)->step(stop);
        if (!bundle && bundle.error().kind != ErrorKind::Cancelled) return forward(bundle);
    }
    return {};
}

/// The run itself, and its report on stdout (text: the continuation as it comes; figures on stderr).
Result<int> drive(const RunSettings& settings, FinishedRun& run, RunLoop& loop, const Context& context) {
    std::unique_ptr<trace::Writer> writer;
    if (!settings.record.empty()) {
        auto made = trace::Writer::create(settings.record, run.session.runInfo());
        if (!made) return forward(made);
        writer = std::move(*made);
        loop.record(writer.get());
    }
    if (!settings.json && run.sequences == 1) {
        loop.onText([](runtime::SequenceId, const std::string& text) {
            fmt::print("{}", text);
            std::fflush(stdout);
        });
    }
    auto done = loop.run(run.sequences, context.stop);
    if (writer) {
        auto closed = writer->close();
        if (done && !closed) done = closed;
    }
    if (!done) return forward(done);
    const Json report = settings.json || run.sequences > 1 ? runJson(run) : Json();
    if (settings.json) {
        printJson(report);
    } else {
        for (std::size_t i = 0; run.sequences > 1 && i < run.sequences; ++i) {
            fmt::print("[{}] {}\n", i, report["sequences"][i]["text"].get<std::string>());
        }
        fmt::print("\n");
        std::fflush(stdout);
        fmt::print(stderr, "\n{}", runText(run));
    }
    if (loop.totals().interrupted) return kExitInterrupted;
    const std::vector<std::string> complaints = run.engine.validationMessages();
    for (const std::string& message : complaints) fmt::print(stderr, "validation layer: {}\n", message);
    return complaints.empty() ? kExitOk : kExitFailed;
}

Result<int> runModel(const RunSettings& settings, const Context& context) {
    auto policy = policyOf(settings.cache);
    if (!policy) return forward(policy);
    auto switches = policySwitches(settings);
    if (!switches) return forward(switches);
    auto texts = prompts(settings);
    if (!texts) return forward(texts);
    auto engine = openEngine(settings.model, context);
    if (!engine) return forward(engine);
    if (settings.chat.wanted()) {
        auto chat = renderedChat(settings.chat, (*engine)->file());
        if (!chat) return forward(chat);
        texts->push_back(std::move(*chat));
    }
    const runtime::SessionOptions options = sessionOptions(settings, *policy);
    if (auto warm = warmUp(**engine, options, *texts, context.stop); !warm) return forward(warm);
    auto session = runtime::Session::create(**engine, options);
    if (!session) return forward(session);
    if (auto added = addSequences(**session, (*engine)->tokenizer(), settings, *texts); !added) return forward(added);
    RunLoop loop(**session, (*engine)->tokenizer(), settings.tokens);
    loop.switchAt(std::move(*switches));
    const std::string requested = settings.cache.policy.empty() ? policy->toText() : settings.cache.policy;
    FinishedRun run{settings, **engine, **session, loop, requested, (*session)->policyEffective(), texts->size()};
    return drive(settings, run, loop, context);
}

void addSampling(CLI::App& app, runtime::SamplerOptions& sampler) {
    app.add_option("--temperature", sampler.temperature, "0 = the likeliest token each time")->check(between(0, 100));
    app.add_option("--top-k", sampler.topK, "only the k likeliest; 0 = off");
    app.add_option("--top-p", sampler.topP, "only the likeliest that reach this probability; 1 = off")
        ->check(between(0, 1));
    app.add_option("--min-p", sampler.minP, "only those above this part of the likeliest; 0 = off")
        ->check(between(0, 1));
    app.add_option("--seed", sampler.seed, "of the first sequence; each further one counts up");
}

}  // namespace

Body setupRun(CLI::App& app) {
    auto settings = std::make_shared<RunSettings>();
    addModelOptions(app, settings->model);
    app.add_option("--prompt", settings->prompt, "text to continue");
    app.add_option("--prompt-file", settings->promptFile, "the same from a file, '-' = standard input");
    app.add_option("--prompts", settings->promptsFile, "JSON Lines, {\"prompt\": …} each: several sequences at a time");
    addChatOptions(app, settings->chat);
    app.add_option("-n,--tokens", settings->tokens, "tokens to generate for each sequence")->capture_default_str();
    app.add_option("-c,--context", settings->context, "rows a sequence may reach; 0 = what the model was trained on");
    addSampling(app, settings->sampler);
    app.add_option("--policy-at", settings->policyAt, "STEP:POLICY switches the policy before a step; may come again")
        ->allow_extra_args(false);
    app.add_option("--record", settings->record, "records the run to this .kvtrace file");
    app.add_option("--errors-every", settings->errorEvery, "error probe on every n-th step; 0 = off");
    app.add_flag("--exact-lane", settings->exactLane, "runs 'exact' beside it on the same tokens: KL, same top token");
    app.add_flag("--kernel-times", settings->kernelTimes, "device time of each kernel");
    app.add_flag("--parse-special", settings->parseSpecial, "control tokens written in a prompt become single tokens");
    app.add_flag("--json", settings->json, "prints JSON");
    addPolicyOptions(app, settings->cache, "--chunk");
    return [settings](const Context& context) { return runModel(*settings, context); };
}

}  // namespace kvscope::cli
