// SPDX-License-Identifier: Apache-2.0
// Compressors of blocks of tokens (architectures.md 12.4), pooled over the whole sequence.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/assert.h"
#include "engine/reference/step.h"

namespace kvscope::reference {
namespace {

/// One candidate of a channel's pooling.
struct Candidate {
    double gate = 0;
    double value = 0;
};

double pool(const std::vector<Candidate>& candidates) {
    double greatest = -std::numeric_limits<double>::infinity();
    for (const Candidate& candidate : candidates) greatest = std::max(greatest, candidate.gate);
    double sum = 0;
    double weighted = 0;
    for (const Candidate& candidate : candidates) {
        const double power = std::exp(candidate.gate - greatest);
        sum += power;
        weighted += power * candidate.value;
    }
    return weighted / sum;
}

}  // namespace

void Step::apply(const model::CompressOp& op) {
    Cached::Inputs& inputs = m_cached->states[op.state];
    appendAsFloat(view(op.value), inputs.value);
    appendAsFloat(view(op.gate), inputs.gate);
    const std::size_t stride = op.value.width;
    KVS_ASSERT(stride == (op.overlap ? 2 : 1) * std::size_t{op.width});
    const WeightRows ape = matrix(op.ape);  // (ratio, stride)
    const auto candidate = [&](std::size_t token, std::size_t channel) {
        const auto offset = static_cast<double>(ape(toIndex(token % op.ratio), toIndex(channel)));
        return Candidate{static_cast<double>(inputs.gate[token * stride + channel]) + offset,
                         static_cast<double>(inputs.value[token * stride + channel])};
    };
    Columns out = view(op.out);
    for (Index column = 0; column < columns(); ++column) {
        const std::size_t end = position(column) + 1;
        if (end % op.ratio != 0) continue;
        const std::size_t begin = end - op.ratio;
        for (std::size_t channel = 0; channel < op.width; ++channel) {
            std::vector<Candidate> candidates;
            if (op.overlap && begin > 0) {
                for (std::size_t token = begin - op.ratio; token < begin; ++token) {
                    candidates.push_back(candidate(token, channel));
                }
            }
            const std::size_t own = op.overlap ? op.width + channel : channel;
            for (std::size_t token = begin; token < end; ++token) candidates.push_back(candidate(token, own));
            out(toIndex(channel), column) = pool(candidates);
        }
    }
}

}  // namespace kvscope::reference
