// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/formats.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/checked.h"
#include "engine/cache/encode/row_codec.h"

namespace kvscope::planner {
namespace {

using cache::MemberInfo;
using cache::Nature;
using cache::Parameter;
using cache::ParameterType;
using cache::Place;

constexpr std::array kScales = {
    Parameter{.name = "scales",
              .type = ParameterType::Name,
              .choices = "counted|omitted",
              .sentence = "whether the bytes of the scales are in the figures (published ones leave them out)"}};

/// A storage type with its size; only plans know it while the policy registry does not.
struct Planned {
    MemberInfo info;
    BlockSize size;  ///< {0, 0} of a mixed format
};

constexpr MemberInfo type(std::string_view name, std::string_view summary, std::string_view source,
                          std::span<const Parameter> parameters = {}) {
    return {.name = name,
            .place = Place::EncodeType,
            .nature = Nature::Approximate,
            .summary = summary,
            .source = source,
            .parameters = parameters};
}

constexpr std::array kPlanned = {
    Planned{type("bf16", "the upper half of an f32, 2 bytes", "ggml, GGML_TYPE_BF16"), {1, 2}},
    Planned{type("q5_1", "5-bit blocks of 32 with half scale and minimum, 24 bytes", "ggml, GGML_TYPE_Q5_1"), {32, 24}},
    Planned{type("q5_0", "5-bit blocks of 32 with a half scale, 22 bytes", "ggml, GGML_TYPE_Q5_0"), {32, 22}},
    Planned{type("q4_1", "4-bit blocks of 32 with half scale and minimum, 20 bytes", "ggml, GGML_TYPE_Q4_1"), {32, 20}},
    Planned{
        type("iq4_nl", "4-bit codes of a table, blocks of 32 with a half scale, 18 bytes", "ggml, GGML_TYPE_IQ4_NL"),
        {32, 18}},
    Planned{type("fp8", "e4m3 in tiles of 128 with an f32 scale, 132 bytes", "deepseek-ai/FlashMLA"), {128, 132}},
    Planned{type("deepseek-mixed",
                 "DeepSeek V4's entries: fp8 with a scale byte per 64, rotated values in bf16, index keys in fp4 with "
                 "a scale byte per 32 (584 and 68 bytes)",
                 "DeepSeek V4, inference code", kScales),
            {0, 0}},
    Planned{type("flashmla",
                 "DeepSeek V3's entries: e4m3 with an f32 scale per 128, rotated values in bf16, index keys in e4m3 "
                 "(656 and 132 bytes)",
                 "deepseek-ai/FlashMLA", kScales),
            {0, 0}},
};

// --- deepseek-mixed: 448 e4m3 + 7 scale bytes + 64 bf16 = 583, stored in 584; index keys 128 fp4 + 4 scale bytes ---

std::uint64_t deepseekRow(std::uint64_t width, std::uint64_t rope, bool scales) {
    const std::uint64_t plain = width - rope;
    const std::uint64_t values = plain + rope * 2;
    return scales ? roundUp(values + ceilDiv(plain, 64), 8) : values;
}

std::uint64_t deepseekIndex(std::uint64_t width, bool scales) {
    return ceilDiv(width, 2) + (scales ? ceilDiv(width, 32) : 0);
}

// --- flashmla: 512 e4m3 + 4 f32 scales + 64 bf16 = 656; index keys 128 e4m3 + 1 f32 scale = 132 ---

std::uint64_t flashRow(std::uint64_t width, std::uint64_t rope, bool scales) {
    const std::uint64_t plain = width - rope;
    return plain + rope * 2 + (scales ? ceilDiv(plain, 128) * 4 : 0);
}

std::uint64_t flashIndex(std::uint64_t width, bool scales) {
    return width + (scales ? ceilDiv(width, 128) * 4 : 0);
}

constexpr std::array kMixed = {
    MixedFormat{.name = "deepseek-mixed",
                .rowBytes = deepseekRow,
                .indexBytes = deepseekIndex,
                .suits = [](const model::Hparams& h) { return !h.compressRatios.empty(); },
                .needs = "rows that are keys and values in one, as in deepseek4"},
    MixedFormat{.name = "flashmla",
                .rowBytes = flashRow,
                .indexBytes = flashIndex,
                .suits = [](const model::Hparams& h) { return h.kvLoraRank != 0 && h.compressRatios.empty(); },
                .needs = "a latent with a rotated part beside it, as in deepseek2"},
};

}  // namespace

std::optional<BlockSize> findBlockSize(std::string_view name) {
    if (const cache::RowCodec* const codec = cache::findRowCodec(name)) {
        return BlockSize{codec->blockValues, codec->blockBytes};
    }
    const auto found = std::ranges::find_if(kPlanned, [&](const Planned& p) { return p.info.name == name; });
    if (found == kPlanned.end() || found->size.values == 0) return std::nullopt;
    return found->size;
}

const MixedFormat* findMixedFormat(std::string_view name) {
    const auto found = std::ranges::find(kMixed, name, &MixedFormat::name);
    return found == kMixed.end() ? nullptr : &*found;
}

std::span<const MemberInfo> planOnlyMembers() {
    static const auto table = [] {
        std::vector<MemberInfo> infos;
        for (const Planned& planned : kPlanned) {
            if (cache::findMember(Place::EncodeType, planned.info.name) == nullptr) infos.push_back(planned.info);
        }
        return infos;
    }();
    return table;
}

std::span<const MemberInfo> planMembers() {
    static const auto table = [] {
        std::vector<MemberInfo> infos(cache::members().begin(), cache::members().end());
        infos.insert(infos.end(), planOnlyMembers().begin(), planOnlyMembers().end());
        return infos;
    }();
    return table;
}

}  // namespace kvscope::planner
