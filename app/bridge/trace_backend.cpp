// SPDX-License-Identifier: Apache-2.0
#include "app/bridge/trace_backend.h"

#include <utility>

namespace kvscope::bridge {

namespace {
constexpr std::uint64_t kStepsAtOnce = 64;
}

Result<void> TraceBackend::open(const std::filesystem::path& path, const Progress& progress, std::stop_token stop) {
    m_name = path.filename().string();
    progress(-1, "Opening " + m_name);
    auto reader = trace::Reader::open(path);
    if (!reader) {
        return forward(reader);
    }
    if (stop.stop_requested()) {
        return fail(ErrorKind::Cancelled, m_name, "opening was cancelled");
    }
    m_reader.emplace(std::move(*reader));
    return {};
}

Result<trace::RunInfo> TraceBackend::start(const RunSettings& /*settings*/) {
    m_nextStep = 0;
    m_ahead.clear();
    m_policy = m_reader->run().policyEffective;
    return m_reader->run();
}

Result<trace::BundlePtr> TraceBackend::step(std::stop_token /*stop*/) {
    if (m_ahead.empty() && m_nextStep < m_reader->stepCount()) {
        auto steps = m_reader->steps(m_nextStep, kStepsAtOnce);
        if (!steps) {
            return forward(steps);
        }
        m_nextStep += kStepsAtOnce;
        m_ahead.assign(steps->begin(), steps->end());
    }
    if (m_ahead.empty()) {
        return trace::BundlePtr();
    }
    auto bundle = m_ahead.front();
    m_ahead.pop_front();
    if (!bundle->policySwitchedTo.empty()) {
        m_policy = bundle->policySwitchedTo;
    }
    return bundle;
}

Result<void> TraceBackend::setPolicy(const std::string& /*text*/) {
    return fail(ErrorKind::BadUsage, m_name, "a recorded trace cannot change its policy; open a model to run one");
}

Result<void> TraceBackend::setErrorEvery(std::uint32_t /*every*/) {
    return fail(ErrorKind::BadUsage, m_name, "a recorded trace keeps the probes it was recorded with");
}

std::string TraceBackend::policyEffective() const {
    return m_policy;
}

std::string TraceBackend::endReason() const {
    return "Recorded trace: all steps are shown.";
}

}  // namespace kvscope::bridge
