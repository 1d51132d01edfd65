// SPDX-License-Identifier: Apache-2.0
#include "engine/model/registry.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/arch/llama.h"

namespace kvscope::model {
namespace {

constexpr std::array kArchitectures = {
    Architecture{"llama", "Llama 1 to 3, Mistral, SmolLM and others: RMS norm, rotary positions, grouped heads, SwiGLU",
                 &buildLlama},
};

Result<void> checkNotSplit(const gguf::File& file) {
    auto parts = file.readUint("split.count");
    if (!parts) return forward(parts);
    if (parts->value_or(1) <= 1) return {};
    return fail(ErrorKind::Unsupported, file.path().string() + ": split.count",
                "this file is one of {} parts of a model; join them to one file first", **parts);
}

Result<const Architecture*> findArchitecture(const gguf::File& file, const std::string& name) {
    const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                     [&](const Architecture& entry) { return entry.name == name; });
    if (found != kArchitectures.end()) return found;
    std::vector<std::string_view> known;
    for (const Architecture& entry : kArchitectures) known.push_back(entry.name);
    return fail(ErrorKind::Unsupported, file.path().string() + ": general.architecture",
                "the architecture \"{}\" is not supported; supported are: {}", name, fmt::join(known, ", "));
}

}  // namespace

std::span<const Architecture> architectures() {
    return kArchitectures;
}

Result<Program> buildProgram(const gguf::File& file) {
    auto name = file.readString("general.architecture");
    if (!name) return forward(name);
    if (*name && !(*name)->empty()) {  // an absent name is readHparams' error
        if (auto known = findArchitecture(file, **name); !known) return forward(known);
    }
    if (auto done = checkNotSplit(file); !done) return forward(done);
    auto hparams = readHparams(file);
    if (!hparams) return forward(hparams);
    auto architecture = findArchitecture(file, hparams->architecture);
    if (!architecture) return forward(architecture);

    Program program;
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
