// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_loop.h"

#include <algorithm>

namespace kvscope::cli {

RunLoop::RunLoop(runtime::Session& session, const text::Tokenizer& tokenizer, std::uint32_t tokens)
    : m_session(session), m_tokenizer(tokenizer), m_tokens(tokens) {}

std::vector<text::TokenId> RunLoop::generated(runtime::SequenceId sequence) const {
    const runtime::SequenceState& state = m_session.sequence(sequence);
    const std::size_t end = std::min<std::size_t>(state.tokens.size(), std::size_t{state.promptTokens} + m_tokens);
    return {state.tokens.begin() + state.promptTokens, state.tokens.begin() + static_cast<std::ptrdiff_t>(end)};
}

bool RunLoop::wantsMore(std::size_t sequences) const {
    for (std::size_t i = 0; i < sequences; ++i) {
        const runtime::SequenceState& state = m_session.sequence(static_cast<runtime::SequenceId>(i));
        if (state.finished) continue;
        if (state.processed < state.tokens.size() || state.tokens.size() < std::size_t{state.promptTokens} + m_tokens) {
            return true;
        }
    }
    return false;
}

Result<void> RunLoop::switchPolicy() {
    for (const PolicySwitch& item : m_switches) {
        if (item.step != m_step) continue;
        if (auto done = m_session.setPolicy(item.policy); !done) return done;
    }
    m_totals.changedRows = m_totals.changedRows || changesRows(m_session.policy());
    return {};
}

void RunLoop::count(const trace::StepBundle& bundle) {
    m_summary.add(bundle);
    const trace::StepRecord& step = bundle.step;
    if (step.phase == trace::Phase::Decode) {
        ++m_totals.decodeSteps;
        m_totals.decodeTokens += step.tokens;
        m_totals.decodeDispatches += step.dispatches;
        m_totals.decodeSubmissions += step.submissions;
        m_totals.decodeHostNs += step.hostNs;
        m_totals.decodeGpuNs += step.gpuNs;
    }
    for (const trace::DecisionRecord& decision : bundle.decisions) {
        if (decision.kind != trace::DecisionKind::PolicySwitch) ++m_totals.decisions;
    }
    for (const trace::KernelRecord& kernel : bundle.kernels) {
        trace::KernelRecord& sum = m_totals.kernels[kernel.kernel];
        sum.dispatches += kernel.dispatches;
        sum.bytesRead += kernel.bytesRead;
        sum.bytesUnique += kernel.bytesUnique;
        sum.bytesWritten += kernel.bytesWritten;
        sum.gpuNs += kernel.gpuNs;
        sum.flops += kernel.flops;
    }
}

void RunLoop::stream(std::size_t sequences) {
    for (std::size_t i = 0; m_onText && i < sequences; ++i) {
        const auto id = static_cast<runtime::SequenceId>(i);
        const std::vector<text::TokenId> tokens = generated(id);
        std::string text;
        for (; m_streamed[i] < tokens.size(); ++m_streamed[i]) text += m_decoders[i].push(tokens[m_streamed[i]]);
        if (!text.empty()) m_onText(id, text);
    }
}

Result<void> RunLoop::run(std::size_t sequences, const std::stop_token& stop) {
    m_decoders.assign(sequences, text::StreamDecoder(m_tokenizer, text::StreamStart::Continuation));
    m_streamed.assign(sequences, 0);
    while (wantsMore(sequences)) {
        if (stop.stop_requested()) {
            m_totals.interrupted = true;
            break;
        }
        if (auto done = switchPolicy(); !done) return done;
        auto bundle = m_session.step(stop);
        if (!bundle && bundle.error().kind == ErrorKind::Cancelled) {
            m_totals.interrupted = true;
            break;
        }
        if (!bundle) return forward(bundle);
        stream(sequences);
        if (*bundle == nullptr) break;
        ++m_step;
        count(**bundle);
        if (m_writer == nullptr) continue;
        if (auto pushed = m_writer->push(*bundle); !pushed) return pushed;
    }
    for (std::size_t i = 0; m_onText && i < sequences; ++i) {
        m_onText(static_cast<runtime::SequenceId>(i), m_decoders[i].finish());
    }
    return {};
}

}  // namespace kvscope::cli
