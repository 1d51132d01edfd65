// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/resolve.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <ranges>

#include "engine/cache/policy/aliases.h"
#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/messages.h"

namespace kvscope::cache {
namespace {

/// The places that may stand at one spot of a clause, and what a member there is called.
struct Slot {
    std::string_view axis;
    std::string_view noun;
    std::span<const Place> places;

    [[nodiscard]] bool takes(Place place) const { return std::ranges::find(places, place) != places.end(); }
};
constexpr Place kSharePlaces[] = {Place::Share};
constexpr Place kEncodePlaces[] = {Place::EncodeTransform, Place::EncodeType};
constexpr Place kKeepPlaces[] = {Place::KeepProtector, Place::KeepScorer};
constexpr Place kBudgetPlaces[] = {Place::Budget};
constexpr Place kSchedulePlaces[] = {Place::Schedule};
constexpr Place kFatePlaces[] = {Place::Fate};
constexpr Place kReadPlaces[] = {Place::Read};
constexpr Slot kShareSlot{"share", "method", kSharePlaces};
constexpr Slot kEncodeSlot{"encode", "encoding", kEncodePlaces};
constexpr Slot kKeepSlot{"keep", "method", kKeepPlaces};
constexpr Slot kBudgetSlot{"keep", "budget (after '@')", kBudgetPlaces};
constexpr Slot kScheduleSlot{"keep", "schedule (after '/')", kSchedulePlaces};
constexpr Slot kFateSlot{"keep", "fate of dropped rows (after '~')", kFatePlaces};
constexpr Slot kReadSlot{"read", "method", kReadPlaces};

class Resolver {
  public:
    explicit Resolver(std::span<const MemberInfo> registry) : m_registry(registry) {}

    [[nodiscard]] Result<Chain> chain(const std::vector<MemberNode>& nodes, const Slot& slot) const {
        Chain result;
        const MemberInfo* previous = nullptr;
        for (const MemberNode& node : nodes) {
            const auto info = look(node, slot);
            if (!info) return forward(info);
            if (std::ranges::find(result, (*info)->name, &Member::name) != result.end())
                return at(node, slot, fmt::format("{} is named twice", (*info)->name));
            if (previous != nullptr && previous->place == Place::EncodeType) {
                return at(node, slot,
                          (*info)->place == Place::EncodeType
                              ? "a chain has one storage type"
                              : fmt::format("the storage type {} comes last in the chain", previous->name));
            }
            const auto scorer = std::ranges::find_if(
                result, [this](const Member& m) { return isRegistered(m.name, Place::KeepScorer); });
            if ((*info)->place == Place::KeepScorer && scorer != result.end())
                return at(node, slot, fmt::format("at most one scorer, and {} is one already", scorer->name));
            auto member = arguments(node, **info, slot);
            if (!member) return forward(member);
            result.push_back(std::move(*member));
            previous = *info;
        }
        return result;
    }

    [[nodiscard]] Result<std::optional<Member>> optional(const std::optional<MemberNode>& node,
                                                         const Slot& slot) const {
        if (!node) return std::optional<Member>();
        const auto info = look(*node, slot);
        if (!info) return forward(info);
        auto member = arguments(*node, **info, slot);
        if (!member) return forward(member);
        return std::optional(std::move(*member));
    }

  private:
    static std::unexpected<Error> at(const MemberNode& node, const Slot& slot, std::string_view message) {
        return policyError(node.shown(), node.column, fmt::format("{}: {}", slot.axis, message));
    }
    [[nodiscard]] bool isRegistered(std::string_view name, Place place) const {
        return std::ranges::any_of(m_registry, [&](const MemberInfo& m) { return m.name == name && m.place == place; });
    }
    [[nodiscard]] std::vector<std::string_view> available(const Slot& slot) const {
        std::vector<std::string_view> names;
        for (const MemberInfo& member : m_registry) {
            if (slot.takes(member.place)) names.push_back(member.name);
        }
        return names;
    }

    [[nodiscard]] Result<const MemberInfo*> look(const MemberNode& node, const Slot& slot) const {
        for (const MemberInfo& member : m_registry) {
            if (member.name == node.name && slot.takes(member.place)) return &member;
        }
        auto names = available(slot);
        const std::string valid = "available: " + listed(names, "none in this version");
        for (const KnownMethod& known : knownMethods()) {
            if (known.name != node.name || !slot.takes(known.place)) continue;
            const std::string ours = node.written.empty() ? "" : fmt::format(" ({})", node.name);
            return at(node, slot,
                      fmt::format("{}{} is a known {} that this version does not run yet; {}", quoteToken(node.shown()),
                                  ours, slot.noun, valid));
        }
        if (const std::string_view axis = axisOfName(node.name); !axis.empty() && axis != slot.axis) {
            return at(node, slot, fmt::format("{} belongs to the axis {}; {}", quoteToken(node.name), axis, valid));
        }
        for (const KnownMethod& known : knownMethods()) {
            if (slot.takes(known.place)) names.push_back(known.name);
        }
        const std::string hint = didYouMean(node.name, names);
        return at(node, slot,
                  fmt::format("{} is no {}{} {}", quoteToken(node.name), slot.noun, hint.empty() ? ";" : hint, valid));
    }

    [[nodiscard]] Result<Member> arguments(const MemberNode& node, const MemberInfo& info, const Slot& slot) const {
        Member member{std::string(info.name), {}};
        std::size_t position = 0;
        for (const ArgumentNode& argument : node.arguments) {
            const auto parameter = parameterOf(argument, position, info, slot);
            if (!parameter) return forward(parameter);
            if (std::ranges::find(member.arguments, (*parameter)->name, &Argument::name) != member.arguments.end()) {
                return policyError(argument.text, argument.column,
                                   fmt::format("{}: {}: {} is given twice", slot.axis, info.name, (*parameter)->name));
            }
            if (const auto checked = check(argument, **parameter, info, slot); !checked) return forward(checked);
            member.arguments.push_back({std::string((*parameter)->name), argument.value});
        }
        for (const Parameter& parameter : info.parameters) {
            const bool given =
                std::ranges::find(member.arguments, parameter.name, &Argument::name) != member.arguments.end();
            if (parameter.required && !given) {
                return at(node, slot,
                          fmt::format("{} needs {}: {}, {}", info.name, parameter.name, parameter.sentence,
                                      rangeText(parameter)));
            }
        }
        return member;
    }

    static Result<const Parameter*> parameterOf(const ArgumentNode& argument, std::size_t& position,
                                                const MemberInfo& info, const Slot& slot) {
        if (argument.name.empty()) {
            if (position < info.parameters.size()) return &info.parameters[position++];
            return policyError(argument.text, argument.column,
                               fmt::format("{}: {} takes {} argument{}, this is one more", slot.axis, info.name,
                                           info.parameters.size(), info.parameters.size() == 1 ? "" : "s"));
        }
        std::vector<std::string_view> names;
        for (const Parameter& parameter : info.parameters) {
            if (parameter.name == argument.name) return &parameter;
            names.push_back(parameter.name);
        }
        const std::string hint = didYouMean(argument.name, names);
        return policyError(argument.name, argument.nameColumn,
                           fmt::format("{}: {} has no argument {}{} it has: {}", slot.axis, info.name,
                                       quoteToken(argument.name), hint.empty() ? ";" : hint, listed(names, "none")));
    }

    static Result<void> check(const ArgumentNode& argument, const Parameter& parameter, const MemberInfo& info,
                              const Slot& slot) {
        if (fits(parameter, argument.value)) return {};
        return policyError(argument.text, argument.column,
                           fmt::format("{}: {}: {} is {}, not {}", slot.axis, info.name, parameter.name,
                                       rangeText(parameter), quoteToken(argument.text)));
    }

    std::span<const MemberInfo> m_registry;
};

Result<void> resolveEncode(const PolicyTree& tree, const Resolver& resolver, EncodePart& encode) {
    for (const EncodeNode& part : tree.encode) {
        const auto chain = resolver.chain(part.chain, kEncodeSlot);
        if (!chain) return forward(chain);
        if (!part.role) encode.key = encode.value = *chain;
        if (part.role) chainOf(encode, *part.role) = *chain;
    }
    return {};
}

Result<void> resolveKeep(const PolicyTree& tree, const Resolver& resolver, KeepPart& keep) {
    auto chain = resolver.chain(tree.keep, kKeepSlot);
    if (!chain) return forward(chain);
    keep.chain = std::move(*chain);
    auto budget = resolver.optional(tree.budget, kBudgetSlot);
    if (!budget) return forward(budget);
    keep.budget = std::move(*budget);
    auto schedule = resolver.optional(tree.schedule, kScheduleSlot);
    if (!schedule) return forward(schedule);
    keep.schedule = std::move(*schedule);
    auto fate = resolver.optional(tree.fate, kFateSlot);
    if (!fate) return forward(fate);
    keep.fate = std::move(*fate);
    return {};
}

}  // namespace

Result<CachePolicy> resolve(PolicyTree tree, std::span<const MemberInfo> registry) {
    if (tree.exact) return CachePolicy{};
    if (const auto aliased = applyAliases(tree); !aliased) return forward(aliased);
    const Resolver resolver(registry);
    CachePolicy policy;
    policy.exact = false;
    policy.positions = tree.positions;
    auto share = resolver.chain(tree.share, kShareSlot);
    if (!share) return forward(share);
    policy.share = std::move(*share);
    if (const auto encode = resolveEncode(tree, resolver, policy.encode); !encode) return forward(encode);
    if (const auto keep = resolveKeep(tree, resolver, policy.keep); !keep) return forward(keep);
    auto read = resolver.optional(tree.read, kReadSlot);
    if (!read) return forward(read);
    policy.read = std::move(*read);
    return canonical(std::move(policy), registry);
}

}  // namespace kvscope::cache
