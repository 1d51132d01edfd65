// SPDX-License-Identifier: Apache-2.0
#include "app/cli/perplexity_score.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/runtime/sampler.h"

namespace kvscope::cli {

namespace {

std::ptrdiff_t top(std::span<const float> logits) {
    return std::ranges::max_element(logits) - logits.begin();
}

}  // namespace

void ChunkScorer::take(std::span<const text::TokenId> tokens, std::uint32_t first, std::uint32_t count) {
    const std::span<const float> all = m_session.allLogits();
    const std::span<const float> exact = m_exact != nullptr ? m_exact->allLogits() : std::span<const float>{};
    const std::size_t vocabulary = all.size() / count;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t position = first + i;
        if (position < m_plan.scoreFrom || position + 1 >= tokens.size()) continue;
        const auto row = all.subspan(i * vocabulary, vocabulary);
        Score score;
        score.position = position;
        score.nll = -runtime::logProbability(row, tokens[position + 1]);
        if (m_exact != nullptr) {
            const auto other = exact.subspan(i * vocabulary, vocabulary);
            score.nllExact = -runtime::logProbability(other, tokens[position + 1]);
            score.kl = runtime::klDivergence(other, row);
            score.sameTop = top(other) == top(row);
        }
        m_scores.push_back(score);
    }
}

Result<std::uint32_t> ChunkScorer::stepBoth(runtime::SequenceId id, std::uint32_t chunk, const std::stop_token& stop) {
    const std::uint32_t before = m_session.sequence(id).processed;
    // Logits of all columns are fetched only where some are scored.
    const bool scored = before + chunk > m_plan.scoreFrom;
    m_session.setChunk(chunk);
    m_session.keepAllLogits(scored);
    auto bundle = m_session.step(stop, false);
    if (!bundle) return forward(bundle);
    if (*bundle == nullptr) return 0U;
    for (const trace::DecisionRecord& decision : (*bundle)->decisions) {
        m_decisions += decision.kind != trace::DecisionKind::PolicySwitch ? 1U : 0U;
    }
    const std::uint32_t count = (*bundle)->step.tokens;
    while (m_exact != nullptr && m_exact->sequence(id).processed < before + count) {
        m_exact->setChunk(count);
        m_exact->keepAllLogits(scored);
        auto other = m_exact->step(stop, false);
        if (!other) return forward(other);
        if (*other == nullptr || (*other)->step.tokens != count) {
            return fail(ErrorKind::Internal, "perplexity", "the exact lane took other steps than the policy");
        }
    }
    return count;
}

Result<void> ChunkScorer::feed(std::span<const text::TokenId> tokens, runtime::SequenceId id,
                               const std::stop_token& stop) {
    std::uint32_t at = 0;
    while (true) {
        if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "interrupted");
        const bool prefilling = at < m_plan.prefill;
        if (at == m_plan.prefill && at < tokens.size()) {
            const auto rest = tokens.subspan(at);
            if (auto added = m_session.appendTokens(id, rest); !added) return added;
            if (m_exact != nullptr) {
                if (auto added = m_exact->appendTokens(id, rest); !added) return added;
            }
        }
        auto count = stepBoth(id, prefilling ? m_plan.chunk : 1, stop);
        if (!count) return forward(count);
        if (*count == 0) break;
        if (at + *count > m_plan.scoreFrom) take(tokens, at, *count);
        at += *count;
    }
    if (at + 1 < tokens.size()) {
        return fail(ErrorKind::Internal, "perplexity", "{} of {} tokens were processed", at, tokens.size());
    }
    return {};
}

Result<void> ChunkScorer::score(std::span<const text::TokenId> tokens, const std::stop_token& stop) {
    const auto first = tokens.subspan(0, std::min<std::size_t>(m_plan.prefill, tokens.size()));
    auto id = m_session.addSequence(first, {});
    if (!id) return forward(id);
    if (m_exact != nullptr) {
        if (auto other = m_exact->addSequence(first, {}); !other) return forward(other);
    }
    if (auto fed = feed(tokens, *id, stop); !fed) return fed;
    if (m_exact != nullptr) {
        if (auto removed = m_exact->removeSequence(*id); !removed) return removed;
    }
    return m_session.removeSequence(*id);
}

Statistics statistics(std::vector<double> values) {
    const double unknown = std::nan("");
    if (values.empty()) return {unknown, unknown, unknown, unknown, unknown};
    std::ranges::sort(values);
    const auto n = static_cast<double>(values.size());
    double sum = 0;
    for (const double value : values) sum += value;
    const double mean = sum / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const auto quantile = [&](double q) {
        const double rank = q * (n - 1);
        const auto low = static_cast<std::size_t>(rank);
        const std::size_t high = std::min(low + 1, values.size() - 1);
        return values[low] + (rank - std::floor(rank)) * (values[high] - values[low]);
    };
    const double error = values.size() < 2 ? unknown : std::sqrt(squares / (n - 1) / n);
    return {mean, error, quantile(0.5), quantile(0.99), values.back()};
}

Json byPosition(std::span<const Score> scores, std::uint32_t width) {
    std::map<std::uint32_t, std::pair<double, std::uint64_t>> bins;
    for (const Score& score : scores) {
        auto& [sum, count] = bins[score.position / width];
        sum += score.nll;
        ++count;
    }
    Json list = Json::array();
    for (const auto& [bin, entry] : bins) {
        list.push_back({{"from", bin * width},
                        {"to", (bin + 1) * width - 1},
                        {"tokens", entry.second},
                        {"nll", number(entry.first / static_cast<double>(entry.second))}});
    }
    return list;
}

}  // namespace kvscope::cli
