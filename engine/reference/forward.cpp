// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/forward.h"

#include <utility>

#include "engine/reference/step.h"

namespace kvscope::reference {

Result<Forward> Forward::create(const gguf::File& file, const model::Program& program) {
    auto weights = Weights::decode(file, program);
    if (!weights) return forward(weights);
    Forward result;
    result.m_program = std::make_shared<model::Program>(program);
    result.m_weights = std::move(*weights);
    result.m_cached.streams.resize(program.layout.streams.size());
    result.m_cached.states.resize(program.layout.states.size());
    return result;
}

Result<RunOutput> Forward::run(std::span<const std::int32_t> tokens, const RunOptions& options) {
    if (tokens.empty()) return fail(ErrorKind::BadUsage, "reference", "a run needs at least one token");
    for (const std::int32_t token : tokens) {
        if (token >= 0 && static_cast<std::uint32_t>(token) < m_program->hparams.nVocab) continue;
        return fail(ErrorKind::BadUsage, "reference", "the token {} is outside the vocabulary of {}", token,
                    m_program->hparams.nVocab);
    }
    RunOutput output = Step({*m_program, *m_weights, m_cached}, tokens, options).run();
    m_cached.length += tokens.size();
    return output;
}

void Forward::truncate(std::size_t length) {
    if (length >= m_cached.length) return;
    for (std::size_t i = 0; i < m_cached.streams.size(); ++i) {
        const model::CacheStream& stream = m_program->layout.streams[i];
        const std::size_t rows = length / stream.tokensPerRow * stream.kvHeads;
        m_cached.streams[i].k.resize(rows * stream.keyDim);
        m_cached.streams[i].v.resize(rows * stream.valueDim);
    }
    for (Cached::Inputs& inputs : m_cached.states) {
        inputs.value.resize(inputs.value.size() / m_cached.length * length);
        inputs.gate.resize(inputs.gate.size() / m_cached.length * length);
    }
    m_cached.length = length;
}

}  // namespace kvscope::reference
