// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/plan_policy.h"

#include <algorithm>
#include <array>
#include <set>

#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/resolve.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::planner {
namespace {

using cache::Chain;
using cache::Member;
using cache::Role;
using model::CacheLayout;
using model::CacheStream;
using model::RowRole;

constexpr std::array kRoles = {Role::Key, Role::Value, Role::Latent, Role::Index};

bool isPlanOnly(const Member& member) {
    return std::ranges::find(planOnlyMembers(), member.name, &cache::MemberInfo::name) != planOnlyMembers().end();
}

const Member* storageMember(const Chain& chain) {
    const auto found = std::ranges::find_if(
        chain, [](const Member& m) { return findBlockSize(m.name) || findMixedFormat(m.name) != nullptr; });
    return found == chain.end() ? nullptr : &*found;
}

void addError(cache::Validation& found, std::string token, std::string message) {
    found.errors.push_back({ErrorKind::BadPolicy, fmt::format("policy: {}", token), std::move(message)});
}

/// The dimensions that cache::validate asks for. A head size of 0 leaves the check of block sizes to this file, where
/// layers differ or keys and values lie in one row.
cache::ModelShape shapeOf(const model::Hparams& h, const CacheLayout& layout) {
    const auto& first = layout.streams.front();
    const bool uniform = std::ranges::all_of(layout.streams, [&](const CacheStream& s) {
        return s.role == RowRole::Attention && s.keyDim == first.keyDim && s.valueDim == first.keyDim;
    });
    cache::ModelShape shape;
    shape.architecture = h.architecture;
    shape.nLayers = h.nLayers;
    shape.nHeads = h.nHeads.front();
    shape.nKvHeads = h.nKvHeads.front();
    shape.headDim = uniform ? first.keyDim : 0;
    shape.trainedContext = h.nCtxTrained;
    return shape;
}

/// Members whose effect on rows or bytes no rule here tells.
void refuseUnplanned(const cache::CachePolicy& policy, cache::Validation& found) {
    const auto refuse = [&](std::string_view axis, const Member& member) {
        addError(found, fmt::format("{}={}", axis, member.name),
                 fmt::format("{}: what {} leaves of the cache depends on the text, so no plan can tell it", axis,
                             member.name));
    };
    for (const Member& member : policy.share) {
        if (member.name != "prefix") refuse("share", member);
    }
    for (const Role role : kRoles) {
        for (const Member& member : cache::chainOf(policy.encode, role)) {
            if (!findBlockSize(member.name) && findMixedFormat(member.name) == nullptr) refuse("encode", member);
        }
    }
    for (const Member& member : policy.keep.chain) {
        if (member.name != "sinks" && member.name != "window") refuse("keep", member);
    }
    if (policy.read) refuse("read", *policy.read);
}

}  // namespace

std::uint64_t KeepBound::visible(std::uint64_t end, std::uint64_t newest, std::uint64_t nativeWindow) const {
    // the first position that a window of n rows reaches back to, the newest position counted in
    const auto reach = [newest](std::uint64_t n) { return newest + 1 > n ? newest + 1 - n : 0; };
    const std::uint64_t low = std::min(end, nativeWindow == 0 ? 0 : reach(nativeWindow));
    if (all) return end - low;
    const std::uint64_t windowLow = std::clamp(reach(window), low, end);
    const std::uint64_t sinksHigh = std::clamp(sinks, low, windowLow);
    return (sinksHigh - low) + (end - windowLow);
}

Result<PlanPolicy> PlanPolicy::parse(std::string_view text) {
    auto tree = cache::parseSyntax(text);
    if (!tree) return forward(tree);
    auto policy = cache::resolve(std::move(*tree), planMembers());
    if (!policy) return forward(policy);
    PlanPolicy made;
    made.m_policy = std::move(*policy);
    return made;
}

std::string PlanPolicy::toText() const {
    return cache::policyText(m_policy, planMembers());
}

bool PlanPolicy::runs() const {
    return std::ranges::none_of(
        kRoles, [&](Role role) { return std::ranges::any_of(cache::chainOf(m_policy.encode, role), isPlanOnly); });
}

PlanPolicy::Storage PlanPolicy::storage(Role role) const {
    if (m_policy.exact) return {"f32"};
    const cache::EncodePart& parts = m_policy.encode;
    const bool follows = role == Role::Latent && parts.latent.empty() && parts.key == parts.value;
    const Member* member = storageMember(follows ? parts.key : cache::chainOf(parts, role));
    if (role == Role::Index && member == nullptr) {  // a mixed format stores index keys as well
        const Storage latent = storage(Role::Latent);
        if (findMixedFormat(latent.name) != nullptr) return latent;
    }
    if (member == nullptr) return {"f16"};
    return {member->name, member->text("scales", "counted") == "counted"};
}

cache::CachePolicy PlanPolicy::withoutPlanOnly() const {
    cache::CachePolicy policy = m_policy;
    for (const Role role : kRoles) {
        std::erase_if(cache::chainOf(policy.encode, role), isPlanOnly);
    }
    return policy;
}

cache::Validation PlanPolicy::validate(const model::Hparams& hparams, const CacheLayout& layout) const {
    if (layout.streams.empty()) return {};
    cache::Validation found = cache::validate(withoutPlanOnly(), shapeOf(hparams, layout));
    if (!found.errors.empty()) return found;
    refuseUnplanned(m_policy, found);
    addErrors(hparams, layout, found);
    if (!found.errors.empty()) return found;
    addKeepRemarks(layout, found);
    if (!runs()) found.remarks.emplace_back("this version can plan this storage of rows but not run it");
    return found;
}

void PlanPolicy::addErrors(const model::Hparams& hparams, const CacheLayout& layout, cache::Validation& found) const {
    if (!hparams.compressRatios.empty() && !m_policy.keep.chain.empty()) {
        addError(found, fmt::format("keep={}", m_policy.keep.chain.front().name),
                 fmt::format("keep: architecture '{}' compresses blocks of tokens into rows that select what is read; "
                             "only encode and share=prefix are legal",
                             hparams.architecture));
    }
    for (const Role role : kRoles) {
        const MixedFormat* const mixed = findMixedFormat(storage(role).name);
        if (mixed == nullptr || mixed->suits(hparams)) continue;
        addError(found, fmt::format("encode={}", mixed->name),
                 fmt::format("encode: {} is a layout for {}; architecture '{}' has none", mixed->name, mixed->needs,
                             hparams.architecture));
        return;
    }
    std::set<std::string> told;
    for (const CacheStream& stream : layout.streams) {
        const bool attention = stream.role == RowRole::Attention;
        const Role role = attention ? Role::Key : stream.role == RowRole::Index ? Role::Index : Role::Latent;
        for (const auto& [type, width] : {std::pair(storage(role).name, stream.keyDim),
                                          std::pair(storage(Role::Value).name, attention ? stream.valueDim : 0)}) {
            const auto block = findBlockSize(type);
            if (!block || width % block->values == 0 || !told.insert(fmt::format("{} {}", type, width)).second)
                continue;
            addError(found, fmt::format("encode={}", type),
                     fmt::format("encode: {} stores blocks of {} values, and {} rows of layer {} have {}", type,
                                 block->values, model::name(stream.role), stream.layer, width));
        }
    }
}

void PlanPolicy::addKeepRemarks(const CacheLayout& layout, cache::Validation& found) const {
    const KeepBound bound = keep();
    if (bound.all) return;
    std::set<std::uint32_t> told;
    for (const CacheStream& stream : layout.streams) {
        if (stream.window == 0 || bound.window < stream.window || !told.insert(stream.window).second) continue;
        found.remarks.push_back(
            fmt::format("keep: window({}) has no effect on the layers whose native window is {} tokens", bound.window,
                        stream.window));
    }
}

RowFormat PlanPolicy::format(const CacheStream& stream, std::uint32_t ropeDims) const {
    const auto bytes = [](const std::string& type, std::uint64_t width) {
        const BlockSize block = findBlockSize(type).value_or(BlockSize{});
        return width / block.values * block.bytes;
    };
    RowFormat made;
    if (stream.role == RowRole::Attention) {
        const std::string key = storage(Role::Key).name;
        const std::string value = storage(Role::Value).name;
        made.encoding = key == value ? key : fmt::format("k:{},v:{}", key, value);
        made.keyBytes = bytes(key, stream.keyDim);
        made.valueBytes = bytes(value, stream.valueDim);
        return made;
    }
    const bool index = stream.role == RowRole::Index;
    const Storage stored = storage(index ? Role::Index : Role::Latent);
    made.encoding = stored.name;
    if (const MixedFormat* const mixed = findMixedFormat(stored.name)) {
        made.encoding += stored.scales ? "(counted)" : "(omitted)";
        const std::uint64_t rope = std::min(ropeDims, stream.keyDim);
        made.keyBytes = index ? mixed->indexBytes(stream.keyDim, stored.scales)
                              : mixed->rowBytes(stream.keyDim, rope, stored.scales);
    } else {
        made.keyBytes = bytes(stored.name, stream.keyDim);
        made.valueBytes = bytes(stored.name, stream.valueDim);
    }
    return made;
}

KeepBound PlanPolicy::keep() const {
    if (m_policy.keep.chain.empty()) return {};
    return {.all = false, .sinks = m_policy.sinks(), .window = m_policy.window()};
}

std::uint64_t PlanPolicy::rowsAt(const CacheStream& stream, std::uint64_t tokens) const {
    if (stream.tokensPerRow != 1 || tokens == 0) return stream.rowsAt(tokens);
    return keep().visible(tokens, tokens - 1, stream.window);
}

}  // namespace kvscope::planner
