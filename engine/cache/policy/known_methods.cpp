// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/known_methods.h"

#include <algorithm>
#include <array>

#include "engine/cache/policy/aliases.h"

namespace kvscope::cache {
namespace {

constexpr auto kKnown = std::to_array<KnownMethod>({
    {Place::Share, "prefix"},
    {Place::Share, "blocks"},
    {Place::Share, "layers"},
    {Place::Share, "heads"},
    {Place::EncodeTransform, "hadamard"},
    {Place::EncodeTransform, "svd"},
    {Place::EncodeTransform, "joint"},
    {Place::EncodeTransform, "think"},
    {Place::EncodeType, "bf16"},
    {Place::EncodeType, "q5_1"},
    {Place::EncodeType, "q5_0"},
    {Place::EncodeType, "q4_1"},
    {Place::EncodeType, "iq4_nl"},
    {Place::EncodeType, "kivi"},
    {Place::EncodeType, "fp8"},
    {Place::EncodeType, "turbo"},
    {Place::EncodeType, "deepseek-mixed"},
    {Place::EncodeType, "flashmla"},
    {Place::KeepScorer, "h2o"},
    {Place::KeepScorer, "tova"},
    {Place::KeepScorer, "snapkv"},
    {Place::KeepScorer, "expected"},
    {Place::KeepScorer, "keydiff"},
    {Place::KeepScorer, "knorm"},
    {Place::Budget, "ada"},
    {Place::Budget, "pyramid"},
    {Place::Schedule, "prefill"},
    {Place::Schedule, "every"},
    {Place::Schedule, "full"},
    {Place::Fate, "drop"},
    {Place::Fate, "cam"},
    {Place::Fate, "d2o"},
    {Place::Fate, "fold"},
    {Place::Read, "pages"},
    {Place::Read, "lowrank"},
    {Place::Read, "blocks"},
    {Place::Read, "topk"},
    {Place::Read, "linear"},
});

}  // namespace

std::span<const KnownMethod> knownMethods() {
    return kKnown;
}

std::string_view axisWord(Place place) {
    switch (place) {
        case Place::Share:
            return "share";
        case Place::EncodeTransform:
        case Place::EncodeType:
            return "encode";
        case Place::KeepProtector:
        case Place::KeepScorer:
        case Place::Budget:
        case Place::Schedule:
        case Place::Fate:
            return "keep";
        case Place::Read:
            return "read";
    }
    return "";
}

std::string_view axisOfName(std::string_view name) {
    const auto registered = std::ranges::find(members(), name, &MemberInfo::name);
    if (registered != members().end()) return axisWord(registered->place);
    const auto* const known = std::ranges::find(kKnown, name, &KnownMethod::name);
    if (known != kKnown.end()) return axisWord(known->place);
    const auto alias = std::ranges::find(nameAliases(), name, &NameAlias::alias);
    return alias == nameAliases().end() ? std::string_view{} : axisWord(alias->place);
}

}  // namespace kvscope::cache
