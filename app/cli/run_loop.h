// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/run_settings.h"
#include "engine/runtime/session.h"
#include "engine/text/tokenizer.h"
#include "engine/trace/summary.h"
#include "engine/trace/writer.h"

namespace kvscope::cli {

/// What a run did, beside its summary.
struct RunTotals {
    std::uint64_t decodeSteps = 0, decodeTokens = 0;
    std::uint64_t decodeDispatches = 0, decodeSubmissions = 0, decodeHostNs = 0, decodeGpuNs = 0;
    std::uint64_t decisions = 0;  ///< events but policy switches
    bool changedRows = false;     ///< rows were stored in a form that changes them
    bool interrupted = false;
    std::map<std::string, trace::KernelRecord> kernels;
};

/// Steps a session until every sequence has its tokens, feeding summary, trace and whoever prints.
class RunLoop {
  public:
    using OnText = std::function<void(runtime::SequenceId sequence, const std::string& text)>;

    RunLoop(runtime::Session& session, const text::Tokenizer& tokenizer, std::uint32_t tokens);
    void switchAt(std::vector<PolicySwitch> switches) { m_switches = std::move(switches); }
    void record(trace::Writer* writer) { m_writer = writer; }
    void onText(OnText call) { m_onText = std::move(call); }

    /// `sequences`: ids from 0. A stop request ends the loop, no error.
    Result<void> run(std::size_t sequences, const std::stop_token& stop);

    [[nodiscard]] const RunTotals& totals() const { return m_totals; }
    [[nodiscard]] trace::Summary summary() const { return m_summary.summary(); }
    /// Ids that a sequence generated, at most the wanted number.
    [[nodiscard]] std::vector<text::TokenId> generated(runtime::SequenceId sequence) const;

  private:
    [[nodiscard]] bool wantsMore(std::size_t sequences) const;
    Result<void> switchPolicy();
    void count(const trace::StepBundle& bundle);
    void stream(std::size_t sequences);

    runtime::Session& m_session;
    const text::Tokenizer& m_tokenizer;
    std::uint32_t m_tokens;
    std::vector<PolicySwitch> m_switches;
    trace::Writer* m_writer = nullptr;
    OnText m_onText;
    std::vector<text::StreamDecoder> m_decoders;
    std::vector<std::size_t> m_streamed;
    trace::SummaryBuilder m_summary;
    RunTotals m_totals;
    std::uint64_t m_step = 0;
};

}  // namespace kvscope::cli
