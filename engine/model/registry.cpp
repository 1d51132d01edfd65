// SPDX-License-Identifier: Apache-2.0
#include "engine/model/registry.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/arch/deepseek2.h"
#include "engine/model/arch/deepseek4.h"
#include "engine/model/arch/gemma2.h"
#include "engine/model/arch/gemma3.h"
#include "engine/model/arch/gemma3n.h"
#include "engine/model/arch/gemma4.h"
#include "engine/model/arch/laguna.h"
#include "engine/model/arch/llama.h"
#include "engine/model/arch/phi3.h"
#include "engine/model/arch/qwen2.h"
#include "engine/model/arch/qwen3.h"

namespace kvscope::model {
namespace {

constexpr std::array kArchitectures = {
    Architecture{"deepseek2",
                 "DeepSeek V2, V2-Lite, V3 and R1: one latent for all heads (MLA) and a mixture of experts",
                 &buildDeepseek2, &readDeepseek2Keys},
    Architecture{"deepseek4",
                 "DeepSeek V4: compressed rows and an indexer beside a window, one shared key and value head, "
                 "hyper-connections, experts by score or token",
                 &buildDeepseek4, &readDeepseek4Keys},
    Architecture{"gemma2", "Gemma 2: alternating windowed and full layers, soft caps, norms around each part",
                 &buildGemma2, &readGemma2Keys},
    Architecture{"gemma3", "Gemma 3: five windowed layers to a full one, normed queries and keys", &buildGemma3,
                 &readGemma3Keys},
    Architecture{"gemma3n",
                 "Gemma 3n: parallel residual streams, rows shared between layers, per-layer embeddings, sparse gates",
                 &buildGemma3n, &readGemma3nKeys},
    Architecture{"gemma4",
                 "Gemma 4: rows shared between layers, per-layer embeddings, heads of two sizes, values from keys",
                 &buildGemma4, &readGemma4Keys},
    Architecture{"laguna",
                 "Laguna: query heads by layer, gated heads, one full layer to three windowed ones, a mixture of "
                 "experts beside a shared one",
                 &buildLaguna, &readLagunaKeys},
    Architecture{"llama",
                 "Llama 1 to 3, Mistral, Mixtral, SmolLM and others: RMS norm, rotary positions, grouped heads, SwiGLU "
                 "or a mixture of experts",
                 &buildLlama},
    Architecture{"phi3", "Phi-3 and Phi-4: fused projections, long-context rotation factors", &buildPhi3},
    Architecture{"qwen2", "Qwen 2 and 2.5: biases on queries, keys and values", &buildQwen2},
    Architecture{"qwen3", "Qwen 3: normed queries and keys", &buildQwen3},
    Architecture{"qwen3moe", "Qwen 3 with a mixture of experts", &buildQwen3},
};

Result<const Architecture*> requireArchitecture(const gguf::File& file, const std::string& name) {
    if (const Architecture* found = findArchitecture(name); found != nullptr) return found;
    std::vector<std::string_view> known;
    for (const Architecture& entry : kArchitectures) known.push_back(entry.name);
    return fail(ErrorKind::Unsupported, file.path().string() + ": general.architecture",
                "the architecture \"{}\" is not supported; supported are: {}", name, fmt::join(known, ", "));
}

}  // namespace

std::span<const Architecture> architectures() {
    return kArchitectures;
}

const Architecture* findArchitecture(std::string_view name) {
    const auto* found = std::ranges::find(kArchitectures, name, &Architecture::name);
    return found == kArchitectures.end() ? nullptr : found;
}

Result<Program> buildProgram(const gguf::File& file) {
    auto name = file.readString("general.architecture");
    if (!name) return forward(name);
    if (*name && !(*name)->empty()) {  // an absent name is readHparams' error
        if (auto known = requireArchitecture(file, **name); !known) return forward(known);
    }
    auto hparams = readHparams(file);
    if (!hparams) return forward(hparams);
    auto architecture = requireArchitecture(file, hparams->architecture);
    if (!architecture) return forward(architecture);

    Program program;
    program.layout = cacheLayout(*hparams);
    program.slotWidths = standardSlots(*hparams);
    program.hparams = std::move(*hparams);
    TensorTable tensors(file);
    if (auto done = (*architecture)->build(file, tensors, program); !done) return forward(done);
    auto warnings = tensors.unused();
    if (!warnings) return forward(warnings);
    program.warnings.insert(program.warnings.end(), warnings->begin(), warnings->end());
    program.used = tensors.used();
    return program;
}

}  // namespace kvscope::model
