// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/base/assert.h"

namespace kvscope::runtime {
namespace {

struct Candidate {
    std::int32_t token = 0;
    double weight = 0;  ///< logit / temperature, later its probability
};

std::int32_t bestToken(std::span<const float> logits) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < logits.size(); ++i) {
        if (logits[i] > logits[best] || std::isnan(logits[best])) best = i;
    }
    return static_cast<std::int32_t>(best);
}

/// ln Σ exp(logit)
double logSumExp(std::span<const float> logits) {
    const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
    return largest + std::log(sum);
}

/// Candidates by falling logit, ties by rising id; only the first `limit` when it is not 0.
std::vector<Candidate> ranked(std::span<const float> logits, const SamplerOptions& options) {
    std::vector<Candidate> all;
    all.reserve(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i])) continue;
        all.push_back(
            {static_cast<std::int32_t>(i), static_cast<double>(logits[i]) / static_cast<double>(options.temperature)});
    }
    const auto before = [](const Candidate& a, const Candidate& b) {
        return a.weight > b.weight || (a.weight == b.weight && a.token < b.token);
    };
    if (options.topK > 0 && options.topK < all.size()) {
        std::partial_sort(all.begin(), all.begin() + options.topK, all.end(), before);
        all.resize(options.topK);
    } else {
        std::sort(all.begin(), all.end(), before);
    }
    return all;
}

/// Turns weights of ranked candidates into probabilities that sum to 1.
void normalise(std::vector<Candidate>& candidates) {
    const double largest = candidates.front().weight;
    double sum = 0;
    for (Candidate& candidate : candidates) {
        // equal weights first: an infinite logit minus itself would be no number
        candidate.weight = candidate.weight == largest ? 1 : std::exp(candidate.weight - largest);
        sum += candidate.weight;
    }
    for (Candidate& candidate : candidates) candidate.weight /= sum;
}

/// Keeps the shortest prefix whose probabilities reach `share`, at least one candidate.
void cutTopP(std::vector<Candidate>& candidates, double share) {
    double sum = 0;
    std::size_t kept = 0;
    while (kept < candidates.size() && (kept == 0 || sum < share)) sum += candidates[kept++].weight;
    candidates.resize(kept);
    for (Candidate& candidate : candidates) candidate.weight /= sum;
}

/// Keeps the candidates with at least `share` of the best one's probability.
void cutMinP(std::vector<Candidate>& candidates, double share) {
    const double least = share * candidates.front().weight;
    while (candidates.size() > 1 && candidates.back().weight < least) candidates.pop_back();
}

}  // namespace

std::int32_t Sampler::sample(std::span<const float> logits) {
    KVS_ASSERT(!logits.empty());
    if (!(m_options.temperature > 0)) return bestToken(logits);
    std::vector<Candidate> candidates = ranked(logits, m_options);
    if (candidates.empty()) return bestToken(logits);
    normalise(candidates);
    if (m_options.topP < 1) cutTopP(candidates, static_cast<double>(m_options.topP));
    if (m_options.minP > 0) cutMinP(candidates, static_cast<double>(m_options.minP));

    const double total = std::accumulate(candidates.begin(), candidates.end(), 0.0,
                                         [](double sum, const Candidate& c) { return sum + c.weight; });
    double rest = m_rng.uniform() * total;
    for (const Candidate& candidate : candidates) {
        rest -= candidate.weight;
        if (rest < 0) return candidate.token;
    }
    return candidates.back().token;
}

double logProbability(std::span<const float> logits, std::int32_t token) {
    KVS_ASSERT(token >= 0 && static_cast<std::size_t>(token) < logits.size());
    return static_cast<double>(logits[static_cast<std::size_t>(token)]) - logSumExp(logits);
}

double klDivergence(std::span<const float> p, std::span<const float> q) {
    KVS_ASSERT(p.size() == q.size() && !p.empty());
    const double sumP = logSumExp(p);
    const double sumQ = logSumExp(q);
    double divergence = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const double logP = static_cast<double>(p[i]) - sumP;
        const double probability = std::exp(logP);
        if (probability > 0) divergence += probability * (logP - (static_cast<double>(q[i]) - sumQ));
    }
    return std::max(divergence, 0.0);  // rounding can fall below
}

}  // namespace kvscope::runtime
