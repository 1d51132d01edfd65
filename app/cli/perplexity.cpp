// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/perplexity_score.h"
#include "app/cli/policy_options.h"
#include "app/cli/progress.h"
#include "app/cli/text_file.h"

namespace kvscope::cli {

namespace {

constexpr std::uint32_t kPositionPrefill = 64;
constexpr std::uint32_t kPositionBin = 32;

struct PerplexitySettings {
    ModelOptions model;
    PolicyOptions cache;
    std::string file;
    std::uint32_t chunk = 512, chunks = 0;
    bool byPosition = false, exactLane = false, json = false;
};

Result<std::vector<text::TokenId>> tokensOf(const PerplexitySettings& settings, const text::Tokenizer& tokenizer) {
    auto text = readTextFile(settings.file);
    if (!text) return forward(text);
    auto tokens = tokenizer.encode(*text, {.addSpecial = true, .parseSpecial = false});
    if (!tokens) return tokens;
    if (tokens->size() < settings.chunk) {
        return fail(ErrorKind::BadUsage, settings.file, "it has {} tokens; a chunk of {} needs at least as many",
                    tokens->size(), settings.chunk);
    }
    return tokens;
}

FeedPlan feedPlan(const PerplexitySettings& settings, const cache::CachePolicy& policy) {
    const std::uint32_t half = settings.chunk / 2;
    if (settings.byPosition) {
        const std::uint32_t prefill = std::min(kPositionPrefill, settings.chunk - 1);
        return {prefill, prefill, settings.cache.chunk};
    }
    return {readsLess(policy) ? half : settings.chunk, half, settings.cache.chunk};
}

struct Sessions {
    std::unique_ptr<runtime::Session> policy, exact;
};

Result<Sessions> makeSessions(runtime::Engine& engine, const PerplexitySettings& settings,
                              const cache::CachePolicy& policy) {
    runtime::SessionOptions options;
    options.policy = policy;
    options.contextLength = settings.chunk;
    options.chunk = settings.cache.chunk;
    options.cacheRowsCap = settings.cache.rowsCap;
    options.probes.traffic = false;
    options.probes.occupancy = false;
    Sessions sessions;
    auto made = runtime::Session::create(engine, options);
    if (!made) return forward(made);
    sessions.policy = std::move(*made);
    if (!settings.exactLane) return sessions;
    options.policy = cache::CachePolicy{};
    options.cacheRowsCap = 0;
    options.probes.decisions = false;
    made = runtime::Session::create(engine, options);
    if (!made) return forward(made);
    sessions.exact = std::move(*made);
    return sessions;
}

/// Chunks as decisions of the procedure say: cut from one text, each begun with BOS where the tokenizer adds one.
Result<void> scoreAll(ChunkScorer& scorer, std::vector<text::TokenId> tokens, const PerplexitySettings& settings,
                      const text::Tokenizer& tokenizer, const std::stop_token& stop) {
    std::size_t chunks = tokens.size() / settings.chunk;
    if (settings.chunks != 0) chunks = std::min<std::size_t>(chunks, settings.chunks);
    Progress progress;
    for (std::size_t i = 0; i < chunks; ++i) {
        progress.show(fmt::format("chunk {} of {}", i + 1, chunks));
        const auto chunk = std::span(tokens).subspan(i * settings.chunk, settings.chunk);
        if (tokenizer.addsBos() && tokenizer.bos()) chunk.front() = *tokenizer.bos();
        if (auto done = scorer.score(chunk, stop); !done) return done;
    }
    return {};
}

Json laneJson(std::span<const Score> scores) {
    std::vector<double> kl, exact;
    double same = 0;
    for (const Score& score : scores) {
        kl.push_back(score.kl);
        exact.push_back(score.nllExact);
        same += score.sameTop ? 1 : 0;
    }
    const Statistics divergence = statistics(kl);
    return {{"kl_mean", number(divergence.mean)},
            {"kl_standard_error", number(divergence.standardError)},
            {"kl_median", number(divergence.median)},
            {"kl_p99", number(divergence.p99)},
            {"kl_max", number(divergence.maximum)},
            {"same_top", number(same / static_cast<double>(scores.size()))},
            {"nll_exact_mean", number(statistics(exact).mean)},
            {"perplexity_exact", number(std::exp(statistics(exact).mean))}};
}

Json report(const PerplexitySettings& settings, const runtime::Engine& engine, const runtime::Session& session,
            const ChunkScorer& scorer) {
    std::vector<double> nll;
    for (const Score& score : scorer.scores()) nll.push_back(score.nll);
    const Statistics figures = statistics(nll);
    const FeedPlan plan = feedPlan(settings, session.policy());
    const std::uint32_t perChunk = settings.chunk - 1 - plan.scoreFrom;
    return {{"schema_version", kJsonVersion},
            {"model", engine.file().path().string()},
            {"architecture", engine.program().hparams.architecture},
            {"file", settings.file},
            {"perplexity", number(std::exp(figures.mean))},
            {"perplexity_standard_error", number(std::exp(figures.mean) * figures.standardError)},
            {"nll_mean", number(figures.mean)},
            {"nll_standard_error", number(figures.standardError)},
            {"tokens_scored", nll.size()},
            {"chunks", perChunk == 0 ? 0 : nll.size() / perChunk},
            {"chunk", settings.chunk},
            {"scored_from", plan.scoreFrom},
            {"one_token_a_step_from", plan.prefill < settings.chunk ? Json(plan.prefill) : Json(nullptr)},
            {"prefill_chunk", settings.cache.chunk},
            {"policy_requested", settings.cache.policy.empty() ? session.policyEffective() : settings.cache.policy},
            {"policy_effective", session.policyEffective()},
            {"policy_acted", scorer.decisions() > 0 || changesRows(session.policy())},
            {"remarks", std::vector<std::string>(session.remarks().begin(), session.remarks().end())},
            {"lane", settings.exactLane ? laneJson(scorer.scores()) : Json(nullptr)},
            {"by_position", settings.byPosition ? byPosition(scorer.scores(), kPositionBin) : Json(nullptr)},
            {"device", deviceJson(engine.device())},
            {"math", session.runInfo().mathMode}};
}

void printText(const Json& json) {
    fmt::print("perplexity {:.4f} ± {:.4f}   ({} tokens of {} chunks of {}, policy {}{})\n",
               json["perplexity"].get<double>(),
               json["perplexity_standard_error"].is_null() ? 0.0 : json["perplexity_standard_error"].get<double>(),
               json["tokens_scored"].get<std::uint64_t>(), json["chunks"].get<std::uint64_t>(),
               json["chunk"].get<std::uint64_t>(), json["policy_effective"].get<std::string>(),
               json["policy_acted"] == true ? "" : ", which never acted");
    if (const Json& lane = json["lane"]; !lane.is_null()) {
        fmt::print(
            "exact      {:.4f}; KL {:.3g} nats mean, {:.3g} median, {:.3g} at 99 %, {:.3g} most; same top {:.1f} %\n",
            lane["perplexity_exact"].get<double>(), lane["kl_mean"].get<double>(), lane["kl_median"].get<double>(),
            lane["kl_p99"].get<double>(), lane["kl_max"].get<double>(), 100 * lane["same_top"].get<double>());
    }
    if (json["by_position"].is_null()) return;
    fmt::print("\n| positions | tokens | nats a token |\n| --- | ---: | ---: |\n");
    for (const Json& bin : json["by_position"]) {
        fmt::print("| {} … {} | {} | {:.4f} |\n", bin["from"].get<int>(), bin["to"].get<int>(),
                   bin["tokens"].get<int>(), bin["nll"].get<double>());
    }
}

Result<int> perplexity(const PerplexitySettings& settings, const Context& context) {
    auto policy = policyOf(settings.cache);
    if (!policy) return forward(policy);
    const FeedPlan plan = feedPlan(settings, *policy);
    if (settings.chunk < plan.scoreFrom + 2) {
        return fail(ErrorKind::BadUsage, "--chunk",
                    "{} tokens leave none to score, since scoring begins at position {}: give at least {}",
                    settings.chunk, plan.scoreFrom, plan.scoreFrom + 2);
    }
    auto engine = openEngine(settings.model, context);
    if (!engine) return forward(engine);
    const text::Tokenizer& tokenizer = (*engine)->tokenizer();
    auto tokens = tokensOf(settings, tokenizer);
    if (!tokens) return forward(tokens);
    auto sessions = makeSessions(**engine, settings, *policy);
    if (!sessions) return forward(sessions);
    ChunkScorer scorer(*sessions->policy, sessions->exact.get(), plan);
    if (auto done = scoreAll(scorer, std::move(*tokens), settings, tokenizer, context.stop); !done) {
        return forward(done);
    }
    const Json json = report(settings, **engine, *sessions->policy, scorer);
    settings.json ? printJson(json) : printText(json);
    const auto complaints = (*engine)->validationMessages();
    for (const std::string& message : complaints) fmt::print(stderr, "validation layer: {}\n", message);
    return complaints.empty() ? kExitOk : kExitFailed;
}

}  // namespace

Body setupPerplexity(CLI::App& app) {
    auto settings = std::make_shared<PerplexitySettings>();
    addModelOptions(app, settings->model);
    app.add_option("-f,--file", settings->file, "text, '-' = standard input")->required();
    app.add_option("-c,--chunk", settings->chunk, "tokens of a chunk; the second half of each is scored")
        ->check(CLI::Range(8, 1 << 20))
        ->capture_default_str();
    app.add_option("--chunks", settings->chunks, "only the first chunks; 0 = all");
    app.add_flag("--by-position", settings->byPosition,
                 "64 tokens of prefill, then one a step, all scored and listed by position");
    app.add_flag("--exact-lane", settings->exactLane,
                 "runs 'exact' beside it: KL, same top token at each scored position");
    app.add_flag("--json", settings->json, "prints JSON");
    addPolicyOptions(app, settings->cache, "--prefill-chunk");
    return [settings](const Context& context) { return perplexity(*settings, context); };
}

}  // namespace kvscope::cli
