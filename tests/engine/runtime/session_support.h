// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "engine/runtime/session.h"
#include "tests/support/shared_files.h"

namespace kvscope::test {

inline std::string bundledModel() {
    return KVSCOPE_SOURCE_DIR "/resources/models/kjv-gqa-q8_0.gguf";
}
inline std::string goldenData(const std::string& name) {
    return KVSCOPE_SOURCE_DIR "/tests/golden/data/" + name;
}

/// SmolLM2's file, or an empty string.
inline std::string smolLm2() {
    const auto path = modelFile("SmolLM2-135M-Instruct.Q4_1.gguf");
    return path ? path->string() : std::string();
}

/// Opens a model with the validation layer where it is installed.
inline std::unique_ptr<runtime::Engine> openEngine(const std::string& model, bool countLoads = false) {
    runtime::EngineOptions options;
    options.countLoads = countLoads;
    options.validation = true;
    auto engine = runtime::Engine::open(model, options, {});
    if (!engine && engine.error().kind == ErrorKind::BadUsage) {
        options.validation = false;
        engine = runtime::Engine::open(model, options, {});
    }
    EXPECT_TRUE(engine.has_value()) << (engine ? "" : engine.error().text());
    return engine ? std::move(*engine) : nullptr;
}

inline std::unique_ptr<runtime::Session> openSession(runtime::Engine& engine, const std::string& policy,
                                                     runtime::SessionOptions options = {}) {
    auto parsed = cache::CachePolicy::parse(policy);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().text());
    options.policy = *parsed;
    auto session = runtime::Session::create(engine, options);
    EXPECT_TRUE(session.has_value()) << (session ? "" : session.error().text());
    return session ? std::move(*session) : nullptr;
}

inline std::vector<text::TokenId> textTokens(const runtime::Engine& engine, std::size_t count) {
    std::ifstream in(KVSCOPE_SOURCE_DIR "/tests/golden/data/text_kjv.txt");
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    auto ids = engine.tokenizer().encode(text, {});
    if (!ids || ids->size() < 20) throw std::runtime_error("the test text is missing");
    std::vector<text::TokenId> tokens = *ids;
    while (tokens.size() < count) tokens.insert(tokens.end(), ids->begin() + 1, ids->end());
    tokens.resize(count);
    return tokens;
}

/// The next bundle; fails the test on an error or when there is none.
inline trace::BundlePtr mustStep(runtime::Session& session, bool sample = false) {
    auto bundle = session.step({}, sample);
    EXPECT_TRUE(bundle.has_value()) << (bundle ? "" : bundle.error().text());
    return bundle ? *bundle : nullptr;
}

/// Steps until every given token was processed; returns the logits (nVocab) after the last.
inline std::vector<float> runAll(runtime::Session& session, runtime::SequenceId id) {
    while (session.sequence(id).processed < session.sequence(id).tokens.size()) {
        if (mustStep(session) == nullptr) break;
    }
    const auto logits = session.logits(id);
    EXPECT_TRUE(logits.has_value());
    return logits ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
}

inline const trace::HeadMetricRecord* metric(const trace::StepBundle& bundle, trace::HeadMetric wanted) {
    for (const auto& record : bundle.heads) {
        if (record.metric == wanted) return &record;
    }
    return nullptr;
}

}  // namespace kvscope::test
