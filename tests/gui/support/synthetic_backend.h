// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "app/bridge/engine_backend.h"
#include "engine/cache/policy/policy.h"
#include "engine/trace/synthetic.h"

namespace kvscope::test {

/// A made-up run behind the engine thread: what the window does can be tested without a model or a device. Files named
/// "slow…" take long to open (and poll the stop token), "bad…" fail, "throw…" break an invariant at the third step.
class SyntheticBackend final : public bridge::EngineBackend {
  public:
    SyntheticBackend(trace::SyntheticOptions options, std::chrono::microseconds stepTime)
        : m_options(options), m_stepTime(stepTime) {}

    Result<void> open(const std::filesystem::path& path, const bridge::Progress& progress,
                      std::stop_token stop) override {
        m_name = path.filename().string();
        if (m_name.starts_with("bad")) {
            return fail(ErrorKind::BadFile, m_name, "the header ends after 43 bytes");
        }
        for (int i = 0; m_name.starts_with("slow") && i < 1000; ++i) {
            if (stop.stop_requested()) {
                return fail(ErrorKind::Cancelled, m_name, "loading was cancelled");
            }
            progress(static_cast<float>(i) / 1000, "Uploading weights");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return {};
    }
    Result<trace::RunInfo> start(const bridge::RunSettings& settings) override {
        m_step = 0;
        m_policy = settings.policy;
        m_options.errorEvery = settings.errorEvery;
        auto info = trace::syntheticRun(m_options);
        info.policyRequested = info.policyEffective = m_policy;
        return info;
    }
    Result<trace::BundlePtr> step(std::stop_token /*stop*/) override {
        if (m_name.starts_with("throw") && m_step == 3) {
            throw std::runtime_error("a planted fault");
        }
        if (m_step >= m_options.steps) {
            return trace::BundlePtr();
        }
        std::this_thread::sleep_for(m_stepTime);
        auto bundle = trace::syntheticStep(m_options, m_step++);
        if (!m_switchTo.empty()) {
            auto copy = *bundle;
            copy.policySwitchedTo = std::exchange(m_switchTo, {});
            return std::make_shared<const trace::StepBundle>(std::move(copy));
        }
        return bundle;
    }
    Result<void> setPolicy(const std::string& text) override {
        const auto parsed = cache::CachePolicy::parse(text);
        if (!parsed) {
            return forward(parsed);
        }
        m_policy = m_switchTo = parsed->toText();
        return {};
    }
    Result<void> setErrorEvery(std::uint32_t every) override {
        m_options.errorEvery = every;
        return {};
    }
    [[nodiscard]] std::string policyEffective() const override { return m_policy; }

  private:
    trace::SyntheticOptions m_options;
    std::chrono::microseconds m_stepTime;
    std::string m_name;
    std::string m_policy;
    std::string m_switchTo;
    std::uint64_t m_step = 0;
};

}  // namespace kvscope::test
