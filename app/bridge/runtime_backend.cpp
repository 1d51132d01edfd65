// SPDX-License-Identifier: Apache-2.0
#include "app/bridge/runtime_backend.h"

#include <utility>

#include "engine/cache/policy/policy.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/session.h"
#include "engine/text/tokenizer.h"

namespace kvscope::bridge {

namespace {

runtime::ProbeOptions probes(std::uint32_t errorEvery) {
    runtime::ProbeOptions options;
    options.errorEvery = errorEvery;
    options.kernelTimes = true;
    return options;
}

}  // namespace

RuntimeBackend::RuntimeBackend(std::string device) : m_device(std::move(device)) {}
RuntimeBackend::~RuntimeBackend() = default;

Result<void> RuntimeBackend::open(const std::filesystem::path& path, const Progress& progress, std::stop_token stop) {
    m_name = path.filename().string();
    runtime::EngineOptions options;
    options.device = m_device;
    options.progress = progress;
    auto engine = runtime::Engine::open(path, options, std::move(stop));
    if (!engine) {
        return forward(engine);
    }
    m_engine = std::move(*engine);
    return {};
}

Result<trace::RunInfo> RuntimeBackend::start(const RunSettings& settings) {
    auto policy = cache::CachePolicy::parse(settings.policy.empty() ? "exact" : settings.policy);
    if (!policy) {
        return forward(policy);
    }
    auto prompt = m_engine->tokenizer().encode(settings.prompt, {.addSpecial = true});
    if (!prompt) {
        return forward(prompt);
    }
    if (prompt->empty()) {
        return fail(ErrorKind::BadUsage, "prompt", "the prompt has no token; write at least one word");
    }
    runtime::SessionOptions options;
    options.policy = *policy;
    options.contextLength = settings.contextLength;
    options.chunk = settings.chunk;
    options.probes = probes(settings.errorEvery);
    options.exactLane = settings.exactLane;
    options.seed = settings.seed;
    m_session.reset();  // its pages go before the new session takes its own
    auto session = runtime::Session::create(*m_engine, options);
    if (!session) {
        return forward(session);
    }
    const auto info = (*session)->runInfo();
    m_contextLength = info.contextLength;
    const auto sequence =
        (*session)->addSequence(*prompt, {.temperature = settings.temperature, .seed = settings.seed});
    if (!sequence) {
        return forward(sequence);
    }
    m_sequence = *sequence;
    m_session = std::move(*session);
    return info;
}

Result<trace::BundlePtr> RuntimeBackend::step(std::stop_token stop) {
    if (!m_session) {
        return fail(ErrorKind::BadUsage, m_name, "no run was started");
    }
    return m_session->step(std::move(stop));
}

Result<void> RuntimeBackend::setPolicy(const std::string& text) {
    auto policy = cache::CachePolicy::parse(text);
    if (!policy) {
        return forward(policy);
    }
    if (!m_session) {
        return fail(ErrorKind::BadUsage, m_name, "no run was started");
    }
    return m_session->setPolicy(*policy);
}

Result<void> RuntimeBackend::setErrorEvery(std::uint32_t every) {
    if (!m_session) {
        return {};
    }
    return m_session->setProbes(probes(every));
}

std::string RuntimeBackend::policyEffective() const {
    return m_session ? m_session->policyEffective() : std::string();
}

std::vector<std::string> RuntimeBackend::remarks() const {
    if (!m_session) {
        return {};
    }
    const auto remarks = m_session->remarks();
    return {remarks.begin(), remarks.end()};
}

std::string RuntimeBackend::endReason() const {
    if (m_session && m_session->sequence(m_sequence).tokens.size() >= m_contextLength) {
        return "The context is full (" + std::to_string(m_contextLength) + " rows).";
    }
    return "The model ended its text.";
}

}  // namespace kvscope::bridge
