// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/canonical.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <ranges>

#include "engine/cache/policy/messages.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::cache {
namespace {

using Places = std::initializer_list<Place>;
constexpr Places kShare = {Place::Share};
constexpr Places kEncode = {Place::EncodeTransform, Place::EncodeType};
constexpr Places kKeep = {Place::KeepProtector, Place::KeepScorer};

std::size_t rankOf(std::string_view name, Places places, std::span<const MemberInfo> registry) {
    for (std::size_t i = 0; i < registry.size(); ++i) {
        if (registry[i].name == name && std::ranges::find(places, registry[i].place) != places.end()) return i;
    }
    return registry.size();
}

const MemberInfo* infoOf(std::string_view name, Places places, std::span<const MemberInfo> registry) {
    const std::size_t rank = rankOf(name, places, registry);
    return rank < registry.size() ? &registry[rank] : nullptr;
}

bool isDefault(const Parameter& parameter, const Argument& argument) {
    if (parameter.required) return false;
    if (parameter.type == ParameterType::Name) {
        const auto* const text = std::get_if<std::string>(&argument.value);
        return text != nullptr && *text == defaultText(parameter);
    }
    const auto* const number = std::get_if<double>(&argument.value);
    return number != nullptr && *number == parameter.fallback;
}

void canonicalMember(Member& member, Places places, std::span<const MemberInfo> registry) {
    const MemberInfo* const info = infoOf(member.name, places, registry);
    if (info == nullptr) return;
    std::size_t position = 0;
    for (Argument& argument : member.arguments) {
        if (argument.name.empty() && position < info->parameters.size())
            argument.name = info->parameters[position++].name;
    }
    const auto indexOf = [info](const Argument& argument) {
        return std::ranges::find(info->parameters, argument.name, &Parameter::name) - info->parameters.begin();
    };
    std::erase_if(member.arguments, [&](const Argument& argument) {
        const auto index = static_cast<std::size_t>(indexOf(argument));
        return index < info->parameters.size() && isDefault(info->parameters[index], argument);
    });
    std::ranges::stable_sort(member.arguments, {}, indexOf);
}

void canonicalChain(Chain& chain, Places places, std::span<const MemberInfo> registry) {
    for (Member& member : chain) canonicalMember(member, places, registry);
}

/// Order of the registry; scorers come after the protectors.
void sortChain(Chain& chain, Places places, std::span<const MemberInfo> registry) {
    std::ranges::stable_sort(chain, {}, [&](const Member& member) {
        const MemberInfo* const info = infoOf(member.name, places, registry);
        const bool last = info != nullptr && info->place == Place::KeepScorer;
        return std::pair(last, rankOf(member.name, places, registry));
    });
}

bool isPlain(const Member& member, std::string_view name) {
    return member.name == name && member.arguments.empty();
}
bool isOnly(const Chain& chain, std::string_view name) {
    return chain.size() == 1 && isPlain(chain.front(), name);
}

void dropTrailingF16(Chain& chain) {
    if (!chain.empty() && isPlain(chain.back(), "f16")) chain.pop_back();
}

void canonicalEncode(EncodePart& encode, std::span<const MemberInfo> registry) {
    for (Chain* chain : {&encode.key, &encode.value, &encode.latent, &encode.index})
        canonicalChain(*chain, kEncode, registry);
    dropTrailingF16(encode.key);
    dropTrailingF16(encode.value);
    dropTrailingF16(encode.index);
    if (encode.latent.size() > 1) dropTrailingF16(encode.latent);
    // An unnamed latent follows k and v where these agree, so an f16 latent stays named beside other k and v.
    const Chain inherited = encode.key == encode.value ? encode.key : Chain{};
    if (encode.latent == inherited || (inherited.empty() && isOnly(encode.latent, "f16"))) encode.latent.clear();
}

std::string memberText(const Member& member, Places places, std::span<const MemberInfo> registry) {
    const MemberInfo* const info = infoOf(member.name, places, registry);
    const auto valueText = [](const Argument& argument) {
        const auto* const number = std::get_if<double>(&argument.value);
        return number != nullptr ? numberText(*number) : std::get<std::string>(argument.value);
    };
    const bool single = info != nullptr && info->parameters.size() == 1;
    if (single && member.arguments.empty())
        return fmt::format("{}({})", member.name, defaultText(info->parameters.front()));
    if (single && member.arguments.size() == 1)
        return fmt::format("{}({})", member.name, valueText(member.arguments[0]));
    if (member.arguments.empty()) return member.name;
    std::vector<std::string> arguments;
    for (const Argument& argument : member.arguments) {
        arguments.push_back(argument.name.empty() ? valueText(argument) : argument.name + "=" + valueText(argument));
    }
    return fmt::format("{}({})", member.name, fmt::join(arguments, ","));
}

std::string chainText(const Chain& chain, Places places, std::span<const MemberInfo> registry) {
    std::vector<std::string> members;
    for (const Member& member : chain) members.push_back(memberText(member, places, registry));
    return members.empty() ? "f16" : fmt::format("{}", fmt::join(members, "+"));
}

std::string encodeText(const EncodePart& encode, std::span<const MemberInfo> registry) {
    if (encode.key == encode.value && encode.latent.empty() && encode.index.empty())
        return chainText(encode.key, kEncode, registry);
    std::vector<std::string> parts;
    for (const Role role : {Role::Key, Role::Value, Role::Latent, Role::Index}) {
        const Chain& chain = chainOf(encode, role);
        if (!chain.empty()) parts.push_back(fmt::format("{}:{}", roleWord(role), chainText(chain, kEncode, registry)));
    }
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string keepText(const KeepPart& keep, std::span<const MemberInfo> registry) {
    std::string text = keep.chain.empty() ? "all" : chainText(keep.chain, kKeep, registry);
    if (keep.budget) text += "@" + memberText(*keep.budget, {Place::Budget}, registry);
    if (keep.schedule) text += "/" + memberText(*keep.schedule, {Place::Schedule}, registry);
    if (keep.fate) text += "~" + memberText(*keep.fate, {Place::Fate}, registry);
    return text;
}

}  // namespace

Chain& chainOf(EncodePart& encode, Role role) {
    const std::array chains = {&encode.key, &encode.value, &encode.latent, &encode.index};
    return *chains.at(static_cast<std::size_t>(role));
}
const Chain& chainOf(const EncodePart& encode, Role role) {
    const std::array chains = {&encode.key, &encode.value, &encode.latent, &encode.index};
    return *chains.at(static_cast<std::size_t>(role));
}

bool isNative(const CachePolicy& policy) {
    return policy.share.empty() && policy.keep == KeepPart{} && !policy.read && policy.positions == Positions::Original;
}

CachePolicy canonical(CachePolicy policy, std::span<const MemberInfo> registry) {
    if (policy.exact && isNative(policy) && policy.encode == EncodePart{}) return policy;
    policy.exact = false;
    canonicalChain(policy.share, kShare, registry);
    sortChain(policy.share, kShare, registry);
    canonicalEncode(policy.encode, registry);
    canonicalChain(policy.keep.chain, kKeep, registry);
    sortChain(policy.keep.chain, kKeep, registry);
    if (policy.keep.budget) canonicalMember(*policy.keep.budget, {Place::Budget}, registry);
    if (policy.keep.schedule) canonicalMember(*policy.keep.schedule, {Place::Schedule}, registry);
    if (policy.keep.fate) canonicalMember(*policy.keep.fate, {Place::Fate}, registry);
    if (policy.read) canonicalMember(*policy.read, {Place::Read}, registry);
    const EncodePart& encode = policy.encode;
    const bool allF32 = isOnly(encode.key, "f32") && isOnly(encode.value, "f32") && encode.latent.empty() &&
                        (encode.index.empty() || isOnly(encode.index, "f32"));
    return isNative(policy) && allF32 ? CachePolicy{} : policy;
}

std::string policyText(const CachePolicy& policy, std::span<const MemberInfo> registry) {
    if (policy.exact) return "exact";
    std::vector<std::string> clauses;
    if (!policy.share.empty()) clauses.push_back("share=" + chainText(policy.share, kShare, registry));
    if (policy.encode != EncodePart{} || isNative(policy))
        clauses.push_back("encode=" + encodeText(policy.encode, registry));
    if (policy.keep != KeepPart{}) clauses.push_back("keep=" + keepText(policy.keep, registry));
    if (policy.read) clauses.push_back("read=" + memberText(*policy.read, {Place::Read}, registry));
    if (policy.positions == Positions::Renumbered) clauses.emplace_back("positions=renumbered");
    return fmt::format("{}", fmt::join(clauses, " "));
}

bool fits(const Parameter& parameter, const std::variant<double, std::string>& value) {
    if (parameter.type == ParameterType::Name) {
        const auto* const text = std::get_if<std::string>(&value);
        if (text == nullptr) return false;
        return std::ranges::any_of(parameter.choices | std::views::split('|'),
                                   [text](auto choice) { return std::string_view(choice) == *text; });
    }
    const auto* const number = std::get_if<double>(&value);
    if (number == nullptr || !(*number >= parameter.minimum && *number <= parameter.maximum)) return false;
    return parameter.type == ParameterType::Real || std::floor(*number) == *number;
}

std::string rangeText(const Parameter& parameter) {
    if (parameter.type == ParameterType::Name) {
        std::vector<std::string> choices;
        for (const auto choice : parameter.choices | std::views::split('|'))
            choices.emplace_back(std::string_view(choice));
        return fmt::format("one of {}", fmt::join(choices, ", "));
    }
    const std::string_view kind = parameter.type == ParameterType::Integer ? "a whole number" : "a number";
    return fmt::format("{}{}{} from {} to {}", kind, parameter.unit.empty() ? "" : " of ", parameter.unit,
                       numberText(parameter.minimum), numberText(parameter.maximum));
}

std::string defaultText(const Parameter& parameter) {
    if (parameter.type == ParameterType::Name)
        return std::string(parameter.choices.substr(0, parameter.choices.find('|')));
    return numberText(parameter.fallback);
}

}  // namespace kvscope::cache
