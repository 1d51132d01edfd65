// SPDX-License-Identifier: Apache-2.0
// The registry is complete: everything that lists members can be made from it.
#include "engine/cache/policy/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/cache/encode/row_codec.h"
#include "engine/cache/policy/aliases.h"
#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/descriptor.h"
#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/policy.h"

namespace kvscope::cache {
namespace {

using testing::HasSubstr;

TEST(Registry, HasTheMembersOfThisVersion) {
    std::vector<std::string_view> names;
    for (const MemberInfo& member : members()) names.push_back(member.name);
    EXPECT_THAT(names, testing::ElementsAre("f32", "f16", "q8_0", "q4_0", "sinks", "window"));
    EXPECT_EQ(findMember(Place::KeepScorer, "sinks"), nullptr);
    ASSERT_NE(findMember(Place::KeepProtector, "sinks"), nullptr);
    EXPECT_EQ(findMember(Place::KeepProtector, "sinks")->parameters[0].fallback, 4);
    EXPECT_EQ(findMember(Place::KeepProtector, "window")->parameters[0].fallback, 256);
}

TEST(Registry, EveryMemberIsDocumentedAndParsesWithItsDefaults) {
    for (const Descriptor& descriptor : descriptors()) {
        const MemberInfo& member = descriptor.info;
        SCOPED_TRACE(member.name);
        EXPECT_FALSE(member.summary.empty());
        EXPECT_FALSE(member.source.empty());
        for (const Parameter& parameter : member.parameters) {
            SCOPED_TRACE(parameter.name);
            EXPECT_FALSE(parameter.sentence.empty());
            EXPECT_FALSE(parameter.sentence.ends_with('.'));
            if (parameter.type == ParameterType::Name) {
                EXPECT_FALSE(parameter.choices.empty());
            } else {
                EXPECT_LT(parameter.minimum, parameter.maximum);
                EXPECT_TRUE(parameter.required || fits(parameter, parameter.fallback));
            }
        }
        const std::string text = std::string(axisWord(member.place)) + "=" + std::string(member.name);
        const auto policy = CachePolicy::parse(text);
        EXPECT_TRUE(policy) << policy.error().text();
        EXPECT_EQ(descriptor.codec != nullptr, member.place == Place::EncodeType);
        EXPECT_EQ(descriptor.protector != nullptr, member.place == Place::KeepProtector);
        if (descriptor.codec != nullptr) {
            EXPECT_EQ(descriptor.codec->name, member.name);
            EXPECT_EQ(findRowCodec(member.name), descriptor.codec);
        }
    }
}

TEST(Registry, NamesAreWellFormedAndUnique) {
    std::set<std::pair<Place, std::string_view>> seen;
    const auto check = [&](Place place, std::string_view name) {
        EXPECT_TRUE(seen.insert({place, name}).second) << name;
        EXPECT_TRUE(name.front() >= 'a' && name.front() <= 'z') << name;
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-"), std::string_view::npos) << name;
        EXPECT_TRUE(name != "k" && name != "v" && name != "latent" && name != "index") << name;
    };
    for (const MemberInfo& member : members()) check(member.place, member.name);
    for (const KnownMethod& known : knownMethods()) check(known.place, known.name);  // also: none is registered
}

TEST(Registry, AliasesLeadToANameOfTheirPlace) {
    for (const NameAlias& alias : nameAliases()) {
        SCOPED_TRACE(alias.alias);
        const bool registered = findMember(alias.place, alias.name) != nullptr;
        const bool known = std::ranges::any_of(knownMethods(), [&](const KnownMethod& method) {
            return method.place == alias.place && method.name == alias.name;
        });
        EXPECT_TRUE(registered || known);
        EXPECT_EQ(findMember(alias.place, alias.alias), nullptr);
        const std::string axis(axisWord(alias.place));
        const auto policy = CachePolicy::parse(axis + "=" + std::string(alias.alias));
        EXPECT_EQ(policy.has_value(), registered);
        if (policy) {
            EXPECT_EQ(*policy, CachePolicy::parse(axis + "=" + std::string(alias.name)).value());
        } else {
            EXPECT_THAT(policy.error().message, HasSubstr("does not run yet"));
        }
    }
}

TEST(Registry, KnownMethodsAreRefusedByName) {
    for (const KnownMethod& known : knownMethods()) {
        std::string text = std::string(axisWord(known.place)) + "=" + std::string(known.name);
        if (known.place == Place::Budget) text = "keep=window@" + std::string(known.name);
        if (known.place == Place::Schedule) text = "keep=window/" + std::string(known.name);
        if (known.place == Place::Fate) text = "keep=window~" + std::string(known.name);
        const auto policy = CachePolicy::parse(text);
        ASSERT_FALSE(policy) << text;
        EXPECT_THAT(policy.error().message, HasSubstr("does not run yet; available: ")) << text;
    }
}

TEST(Registry, HelpNamesEverythingInLinesThatFit) {
    const std::string help = policyHelp();
    const std::string table = membersMarkdown();
    for (const MemberInfo& member : members()) {
        EXPECT_THAT(help, HasSubstr("    " + std::string(member.name)));
        EXPECT_THAT(table, HasSubstr("| `" + std::string(member.name)));
        for (const Parameter& parameter : member.parameters) EXPECT_THAT(table, HasSubstr(parameter.sentence));
    }
    EXPECT_THAT(help, HasSubstr("A shell needs quotes"));
    EXPECT_THAT(help, HasSubstr("@ada, @pyramid, /prefill"));
    std::size_t start = 0;
    while (start < help.size()) {
        const std::size_t end = help.find('\n', start);
        ASSERT_NE(end, std::string::npos);
        EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
        start = end + 1;
    }
}

}  // namespace
}  // namespace kvscope::cache
