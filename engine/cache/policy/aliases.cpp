// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/aliases.h"

#include <algorithm>
#include <array>

#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/messages.h"

namespace kvscope::cache {
namespace {

constexpr auto kAliases = std::to_array<NameAlias>({
    {Place::EncodeType, "fp32", "f32", "common"},
    {Place::EncodeType, "float32", "f32", "numpy"},
    {Place::EncodeType, "F32", "f32", "GGUF"},
    {Place::EncodeType, "fp16", "f16", "common"},
    {Place::EncodeType, "float16", "f16", "numpy"},
    {Place::EncodeType, "half", "f16", "common"},
    {Place::EncodeType, "F16", "f16", "GGUF"},
    {Place::EncodeType, "bfloat16", "bf16", "numpy"},
    {Place::EncodeType, "BF16", "bf16", "GGUF"},
    {Place::EncodeType, "Q8_0", "q8_0", "GGUF"},
    {Place::EncodeType, "Q5_1", "q5_1", "GGUF"},
    {Place::EncodeType, "Q5_0", "q5_0", "GGUF"},
    {Place::EncodeType, "Q4_1", "q4_1", "GGUF"},
    {Place::EncodeType, "Q4_0", "q4_0", "GGUF"},
    {Place::EncodeType, "IQ4_NL", "iq4_nl", "GGUF"},
    {Place::KeepProtector, "sink", "sinks", "paper"},
    {Place::KeepProtector, "attention_sinks", "sinks", "paper"},
    {Place::KeepProtector, "sliding_window", "window", "paper"},
    {Place::KeepScorer, "observed_attention", "h2o", "kvpress"},
    {Place::KeepScorer, "heavy_hitter", "h2o", "paper"},
    {Place::KeepScorer, "expected_attention", "expected", "kvpress"},
    {Place::Read, "quest", "pages", "paper"},
    {Place::Read, "loki", "lowrank", "paper"},
    {Place::Read, "moba", "blocks", "paper"},
});

void rename(MemberNode& member, std::string_view name) {
    member.written = member.shown();
    member.name = name;
}

void renameByTable(MemberNode& member, std::string_view axis) {
    for (const NameAlias& alias : kAliases) {
        if (axisWord(alias.place) == axis && alias.alias == member.name) {
            rename(member, alias.name);
            return;
        }
    }
}

/// streaming_llm(n_sink, window) as its two protectors.
Result<std::array<MemberNode, 2>> expandStreamingLlm(const MemberNode& alias) {
    std::array<MemberNode, 2> pair = {MemberNode{"sinks", alias.column, {}, alias.name},
                                      MemberNode{"window", alias.column, {}, alias.name}};
    std::size_t position = 0;
    for (const ArgumentNode& argument : alias.arguments) {
        std::size_t target = 2;
        if (argument.name.empty()) target = position++;
        if (argument.name == "n_sink" || argument.name == "sinks") target = 0;
        if (argument.name == "window" || argument.name == "n_window") target = 1;
        if (target > 1) {
            const bool named = !argument.name.empty();
            return policyError(named ? argument.name : argument.text, named ? argument.nameColumn : argument.column,
                               "keep: streaming_llm stands for sinks(n_sink)+window(window) and takes these two: "
                               "n_sink=4, window=256 (rows)");
        }
        if (!pair[target].arguments.empty())
            return policyError(argument.text, argument.column, "keep: this argument of streaming_llm is named twice");
        ArgumentNode copy = argument;
        copy.name.clear();
        pair[target].arguments.push_back(std::move(copy));
    }
    return pair;
}

Result<void> aliasKeep(PolicyTree& tree) {
    std::vector<MemberNode> chain;
    for (MemberNode& member : tree.keep) {
        if (member.name == "streaming_llm") {
            auto pair = expandStreamingLlm(member);
            if (!pair) return forward(pair);
            std::ranges::move(*pair, std::back_inserter(chain));
            continue;
        }
        for (const auto& [alias, budget] : {std::pair{"pyramidkv", "pyramid"}, std::pair{"adakv", "ada"}}) {
            if (member.name != alias) continue;
            if (!tree.budget) tree.budget = MemberNode{budget, member.column, {}, member.name};
            rename(member, "snapkv");
        }
        renameByTable(member, "keep");
        chain.push_back(std::move(member));
    }
    tree.keep = std::move(chain);
    return {};
}

bool isAll(const MemberNode& member) {
    return member.name == "all" && member.arguments.empty();
}

}  // namespace

std::span<const NameAlias> nameAliases() {
    return kAliases;
}

Result<void> applyAliases(PolicyTree& tree) {
    for (EncodeNode& part : tree.encode) {
        for (MemberNode& member : part.chain) renameByTable(member, "encode");
    }
    if (const auto keep = aliasKeep(tree); !keep) return keep;
    const bool bareKeep = !tree.budget && !tree.schedule && !tree.fate;
    if (tree.keep.size() == 1 && isAll(tree.keep.front()) && bareKeep) tree.keep.clear();
    if (tree.read) renameByTable(*tree.read, "read");
    if (tree.read && isAll(*tree.read)) tree.read.reset();
    return {};
}

}  // namespace kvscope::cache
