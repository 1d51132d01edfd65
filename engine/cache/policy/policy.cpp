// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/policy.h"

#include <algorithm>

#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/registry.h"
#include "engine/cache/policy/resolve.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::cache {
namespace {

/// The row count of a protector in a keep chain: its argument, the registry's default, or 0 when it is not named.
unsigned protectedRows(const Chain& chain, std::string_view name) {
    const auto member = std::ranges::find(chain, name, &Member::name);
    if (member == chain.end()) return 0;
    const MemberInfo* const info = findMember(Place::KeepProtector, name);
    const double fallback = info == nullptr ? 0 : info->parameters.front().fallback;
    constexpr double kMaxRows = 4294967295.0;
    const double rows = member->number("n", fallback);
    return rows >= 0 && rows <= kMaxRows ? static_cast<unsigned>(rows) : 0;
}

}  // namespace

double Member::number(std::string_view argument, double fallback) const {
    const auto found = std::ranges::find(arguments, argument, &Argument::name);
    if (found == arguments.end()) return fallback;
    const auto* const value = std::get_if<double>(&found->value);
    return value == nullptr ? fallback : *value;
}

std::string Member::text(std::string_view argument, std::string_view fallback) const {
    const auto found = std::ranges::find(arguments, argument, &Argument::name);
    if (found == arguments.end()) return std::string(fallback);
    const auto* const value = std::get_if<std::string>(&found->value);
    return value == nullptr ? std::string(fallback) : *value;
}

Result<CachePolicy> CachePolicy::parse(std::string_view text) {
    auto tree = parseSyntax(text);
    if (!tree) return forward(tree);
    return resolve(std::move(*tree), members());
}

CachePolicy CachePolicy::canonical() const {
    return cache::canonical(*this, members());
}

std::string CachePolicy::toText() const {
    return policyText(canonical(), members());
}

std::string CachePolicy::storage(Role role) const {
    const CachePolicy policy = canonical();
    if (policy.exact) return "f32";
    const EncodePart& parts = policy.encode;
    const bool follows = role == Role::Latent && parts.latent.empty() && parts.key == parts.value;
    const Chain& chain = follows ? parts.key : chainOf(parts, role);
    for (const Member& member : chain) {
        if (findMember(Place::EncodeType, member.name) != nullptr) return member.name;
    }
    return "f16";
}

unsigned CachePolicy::sinks() const {
    return protectedRows(keep.chain, "sinks");
}
unsigned CachePolicy::window() const {
    return protectedRows(keep.chain, "window");
}

}  // namespace kvscope::cache
