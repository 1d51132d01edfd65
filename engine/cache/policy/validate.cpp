// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/cache/encode/row_codec.h"
#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/messages.h"
#include "engine/cache/policy/policy.h"
#include "engine/cache/policy/registry.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::cache {
namespace {

/// One policy met with one model; rules add what they find.
struct Case {
    const CachePolicy& policy;
    const ModelShape& model;
    Validation& found;

    void error(std::string_view token, std::string message) const {
        found.errors.push_back({ErrorKind::BadPolicy, fmt::format("policy: {}", token), std::move(message)});
    }
    void remark(std::string message) const { found.remarks.push_back(std::move(message)); }
};

constexpr std::array kRoles = {Role::Key, Role::Value, Role::Latent, Role::Index};
constexpr std::array<std::string_view, 5> kLatentArchitectures = {"deepseek2", "deepseek32", "deepseek4", "deepseek41",
                                                                  "minicpm3"};
constexpr std::array<std::string_view, 2> kCompressedArchitectures = {"deepseek4", "deepseek41"};
constexpr std::array<std::string_view, 3> kIndexArchitectures = {"deepseek32", "deepseek4", "deepseek41"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

// --- rules: members ---

void checkMember(const Case& c, const Member& member, std::initializer_list<Place> places) {
    const MemberInfo* info = nullptr;
    for (const Place place : places) {
        if (info == nullptr) info = findMember(place, member.name);
    }
    const std::string_view axis = axisWord(*places.begin());
    if (info == nullptr) {
        c.error(fmt::format("{}={}", axis, member.name),
                fmt::format("{}: {} is no member that this version runs", axis, quoteToken(member.name)));
        return;
    }
    for (const Argument& argument : member.arguments) {
        const auto parameter = std::ranges::find(info->parameters, argument.name, &Parameter::name);
        if (parameter == info->parameters.end()) {
            c.error(member.name,
                    fmt::format("{}: {} has no argument {}", axis, member.name, quoteToken(argument.name)));
        } else if (!fits(*parameter, argument.value)) {
            c.error(member.name,
                    fmt::format("{}: {}: {} is {}", axis, member.name, parameter->name, rangeText(*parameter)));
        }
    }
}

void membersAreRegistered(const Case& c) {
    const CachePolicy& p = c.policy;
    for (const Member& member : p.share) checkMember(c, member, {Place::Share});
    for (const Role role : kRoles) {
        if (role == Role::Value && p.encode.key == p.encode.value) continue;
        for (const Member& member : chainOf(p.encode, role))
            checkMember(c, member, {Place::EncodeType, Place::EncodeTransform});
    }
    for (const Member& member : p.keep.chain) checkMember(c, member, {Place::KeepProtector, Place::KeepScorer});
    if (p.keep.budget) checkMember(c, *p.keep.budget, {Place::Budget});
    if (p.keep.schedule) checkMember(c, *p.keep.schedule, {Place::Schedule});
    if (p.keep.fate) checkMember(c, *p.keep.fate, {Place::Fate});
    if (p.read) checkMember(c, *p.read, {Place::Read});
}

void positionsAreOriginal(const Case& c) {
    if (c.policy.positions == Positions::Original) return;
    c.error("positions=renumbered",
            "positions: renumbered is not available in this version; rows keep the positions they were written with "
            "(positions=original)");
}

// --- rules: encode ---

void rolesExist(const Case& c) {
    const std::string& architecture = c.model.architecture;
    if (architecture.empty()) return;
    const bool latent = contains(kLatentArchitectures, architecture);
    if (!latent && !c.policy.encode.latent.empty()) {
        c.error("encode=latent",
                fmt::format("encode: architecture {} stores keys and values, no latent; name k: and v:",
                            quoteToken(architecture)));
    }
    if (!contains(kIndexArchitectures, architecture) && !c.policy.encode.index.empty()) {
        c.error("encode=index", fmt::format("encode: architecture {} stores no index keys", quoteToken(architecture)));
    }
    if (latent && c.policy.encode.key != c.policy.encode.value) {
        c.error("encode=k", fmt::format("encode: architecture {} stores one latent for keys and values; name latent:, "
                                        "or one encoding for all",
                                        quoteToken(architecture)));
    }
}

void blocksFitTheHead(const Case& c) {
    const unsigned headDim = c.model.headDim;
    if (headDim == 0) return;
    std::vector<std::string_view> fitting;
    for (const MemberInfo& member : members()) {
        const RowCodec* const codec = member.place == Place::EncodeType ? findRowCodec(member.name) : nullptr;
        if (codec != nullptr && codec->fits(headDim)) fitting.push_back(member.name);
    }
    const bool once = c.policy.encode.key == c.policy.encode.value;
    for (const Role role : {Role::Key, Role::Value}) {
        const std::string type = c.policy.storage(role);
        const RowCodec* const codec = findRowCodec(type);
        if (codec == nullptr || codec->fits(headDim) || (once && role == Role::Value)) continue;
        const std::string token =
            once ? fmt::format("encode={}", type) : fmt::format("encode={}:{}", roleWord(role), type);
        c.error(token,
                fmt::format("encode: {} stores blocks of {} values, and this model's head size {} is no multiple of "
                            "{}; possible: {}",
                            type, codec->blockValues, headDim, codec->blockValues, listed(fitting, "none")));
    }
}

void encodeRemarks(const Case& c) {
    if (c.policy.exact) return;
    const std::string key = c.policy.storage(Role::Key);
    const std::string value = c.policy.storage(Role::Value);
    const RowCodec* const keyCodec = findRowCodec(key);
    const RowCodec* const valueCodec = findRowCodec(value);
    if (keyCodec == nullptr || valueCodec == nullptr) return;
    if (keyCodec->bitsPerValue() < valueCodec->bitsPerValue()) {
        c.remark(
            fmt::format("keys ({}) are stored coarser than values ({}): an error in a key moves the weights of all "
                        "rows, so the other way round usually costs less",
                        key, value));
    }
    if (key == "f32" || value == "f32") {
        c.remark(fmt::format("rows in f32 take twice the bytes of f16{}",
                             isNative(c.policy) ? "" : "; this shows the other axes without a rounding error"));
    }
}

// --- rules: keep ---

void keepProtectsTheNewest(const Case& c) {
    const KeepPart& keep = c.policy.keep;
    if (keep == KeepPart{}) return;
    const bool scored = std::ranges::any_of(
        keep.chain, [](const Member& m) { return findMember(Place::KeepScorer, m.name) != nullptr; });
    if (keep.chain.empty()) {
        c.error("keep=", "keep: a budget, schedule or fate needs a method before it");
        return;
    }
    if (!scored && keep.budget) {
        c.error(fmt::format("keep=@{}", keep.budget->name),
                "keep: a budget shares out what a scorer may keep, and no scorer is named");
    }
    if (!scored && c.policy.window() == 0) {
        c.error(fmt::format("keep={}", keep.chain.front().name),
                "keep: without window(n) and without a scorer every row behind the sinks is dropped, the newest "
                "token's included; name window(n) with n of at least 1");
    }
}

void keepRemarks(const Case& c) {
    if (c.policy.keep.chain.empty() || c.policy.window() == 0) return;
    const std::uint64_t rows = std::uint64_t{c.policy.sinks()} + c.policy.window();
    const auto named = [&](std::string_view name) {
        return std::ranges::find(c.policy.keep.chain, name, &Member::name) != c.policy.keep.chain.end();
    };
    if (named("sinks") && c.policy.sinks() == 0) c.remark("sinks(0) protects no row");
    const unsigned context = c.model.trainedContext;
    if (context == 0) return;
    const std::string text = named("sinks") ? fmt::format("sinks({})+window({})", c.policy.sinks(), c.policy.window())
                                            : fmt::format("window({})", c.policy.window());
    if (rows >= context) {
        c.remark(fmt::format("{} keeps {} rows and the model's trained context has {}: within it, it has no effect",
                             text, rows, context));
    }
    if (rows > context) {
        c.remark(
            fmt::format("{} reaches past the trained context of {} positions, and rows keep their original "
                        "positions: expect the text to degrade there",
                        text, context));
    }
}

/// Compressed rows and the state that makes them cannot lose single tokens, and an indexer already chooses what is
/// read.
void compressedAttentionIsLeftAlone(const Case& c) {
    if (!contains(kCompressedArchitectures, c.model.architecture)) return;
    const auto refuse = [&](std::string_view axis, std::string_view why) {
        c.error(fmt::format("{}=", axis), fmt::format("{}: architecture {} {}; only encode and share=prefix act on it",
                                                      axis, quoteToken(c.model.architecture), why));
    };
    if (!c.policy.keep.chain.empty()) refuse("keep", "drops and compresses rows by itself");
    if (c.policy.read) refuse("read", "chooses the rows that it reads by itself");
    if (c.policy.positions != Positions::Original) refuse("positions", "rotates its outputs back to their positions");
    for (const Member& member : c.policy.share) {
        if (member.name != "prefix") refuse("share", "has one key and value head whose rows are compressed");
    }
}

constexpr std::array kRules = {membersAreRegistered,           positionsAreOriginal, rolesExist,
                               compressedAttentionIsLeftAlone, blocksFitTheHead,     encodeRemarks,
                               keepProtectsTheNewest,          keepRemarks};

}  // namespace

Validation validate(const CachePolicy& policy, const ModelShape& model) {
    Validation found;
    const CachePolicy form = policy.canonical();
    for (const auto rule : kRules) rule(Case{form, model, found});
    return found;
}

}  // namespace kvscope::cache
