// SPDX-License-Identifier: Apache-2.0
// The whole grammar, over a stand-in registry that has a member at every place.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/rng.h"
#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/messages.h"
#include "engine/cache/policy/resolve.h"
#include "engine/cache/policy/syntax.h"
#include "tests/engine/cache/policy/full_registry.h"

namespace kvscope::cache {
namespace {

using testing_support::kFullRegistry;

Result<CachePolicy> parseFull(std::string_view text) {
    auto tree = parseSyntax(text);
    if (!tree) return forward(tree);
    return resolve(std::move(*tree), kFullRegistry);
}
std::string printFull(const CachePolicy& policy) {
    return policyText(canonical(policy, kFullRegistry), kFullRegistry);
}

TEST(Grammar, TheExampleOfTheLanguage) {
    const std::string text =
        "share=prefix(page=32) encode=k:kivi(bits=4,group=32,tail=128),v:q8_0 "
        "keep=snapkv(rate=0.5,window=32)@ada/prefill read=pages(size=16,top=32)";
    const auto policy = parseFull(text);
    ASSERT_TRUE(policy) << policy.error().text();
    EXPECT_FALSE(policy->exact);
    ASSERT_EQ(policy->share.size(), 1U);
    EXPECT_EQ(policy->share[0].name, "prefix");
    ASSERT_EQ(policy->encode.key.size(), 1U);
    EXPECT_EQ(policy->encode.key[0].name, "kivi");
    EXPECT_EQ(policy->encode.value[0].name, "q8_0");
    EXPECT_EQ(policy->keep.chain[0].number("rate", 1), 0.5);
    EXPECT_EQ(policy->keep.budget->name, "ada");
    EXPECT_EQ(policy->keep.schedule->name, "prefill");
    EXPECT_FALSE(policy->keep.fate);
    EXPECT_EQ(policy->read->name, "pages");
    EXPECT_EQ(printFull(*policy),
              "share=prefix(32) encode=k:kivi,v:q8_0 keep=snapkv(rate=0.5)@ada(0.2)/prefill read=pages");
}

struct Form {
    const char* text;
    const char* canonical;
};
void PrintTo(const Form& form, std::ostream* out) {
    *out << form.text;
}
class FullForm : public testing::TestWithParam<Form> {};
TEST_P(FullForm, IsCanonical) {
    const auto policy = parseFull(GetParam().text);
    ASSERT_TRUE(policy) << policy.error().text();
    EXPECT_EQ(printFull(*policy), GetParam().canonical);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, FullForm,
    testing::Values(
        Form{"share=heads+layers(rate=0.5)+blocks+prefix", "share=prefix(32)+blocks(16)+layers(rate=0.5)+heads"},
        Form{"share=heads(0.8,by=key)", "share=heads(tau=0.8,by=key)"},
        Form{"share=heads(by=key,tau=0.8)", "share=heads(tau=0.8,by=key)"},
        Form{"share=heads(0.9,64,0.1,attention)", "share=heads"},
        Form{"share=layers(kvsharer,0.25)", "share=layers(method=kvsharer,rate=0.25)"},
        Form{"encode=svd(rank=8)+q8_0", "encode=svd(8)+q8_0"}, Form{"encode=hadamard+f16", "encode=hadamard"},
        Form{"encode=k:deepseek-mixed", "encode=k:deepseek-mixed"},
        Form{"keep=snapkv+window(8)+sinks(4)", "keep=sinks(4)+window(8)+snapkv"},
        Form{"keep=h2o(256)@pyramid(20)/every(n=8)~d2o", "keep=h2o(budget=256)@pyramid(20)/every(8)~d2o"},
        Form{"keep=h2o~drop", "keep=h2o~drop"}, Form{"keep=adakv(rate=0.5)", "keep=snapkv(rate=0.5)@ada(0.2)"},
        Form{"keep=pyramidkv/prefill", "keep=snapkv@pyramid(16)/prefill"},
        Form{"read=quest(32,top=8)", "read=pages(size=32,top=8)"}, Form{"read=moba", "read=blocks(16)"}));

TEST(Grammar, RulesOfChains) {
    const auto message = [](std::string_view text) { return parseFull(text).error().text(); };
    EXPECT_EQ(message("encode=q8_0+hadamard"),
              "policy: 'hadamard' (column 13): encode: the storage type q8_0 comes last in the chain");
    EXPECT_EQ(message("keep=h2o+snapkv"),
              "policy: 'snapkv' (column 10): keep: at most one scorer, and h2o is one already");
    EXPECT_EQ(message("share=layers"),
              "policy: 'layers' (column 7): share: layers needs rate: the kept share, a number from 0 to 1");
    EXPECT_EQ(message("share=heads(by=rows)"),
              "policy: 'rows' (column 16): share: heads: by is one of attention, key, value, not 'rows'");
    EXPECT_EQ(message("share=heads(by=2)"),
              "policy: '2' (column 16): share: heads: by is one of attention, key, value, not '2'");
    EXPECT_EQ(message("keep=h2o(buget=4)"),
              "policy: 'buget' (column 10): keep: h2o has no argument 'buget'; did you mean 'budget'? it has: budget, "
              "rate, window");
}

/// Random policies and random ways to write them.
class Writer {
  public:
    explicit Writer(std::uint64_t seed) : m_rng(seed) {}

    bool chance(unsigned percent) { return m_rng.below(100) < percent; }

    std::variant<double, std::string> value(const Parameter& parameter) {
        if (parameter.type == ParameterType::Name) {
            std::vector<std::string> choices(1);
            for (const char c : parameter.choices)
                c == '|' ? choices.emplace_back().clear() : choices.back().push_back(c);
            return choices[m_rng.below(choices.size())];
        }
        const double span = parameter.maximum - parameter.minimum;
        if (parameter.type == ParameterType::Real) return static_cast<double>(m_rng.below(1000)) / 1000 * span;
        return parameter.minimum + static_cast<double>(m_rng.below(static_cast<std::uint64_t>(span) + 1));
    }

    Member member(Place place) {
        std::vector<const MemberInfo*> choices;
        for (const MemberInfo& info : kFullRegistry) {
            if (info.place == place) choices.push_back(&info);
        }
        const MemberInfo& info = *choices[m_rng.below(choices.size())];
        Member made{std::string(info.name), {}};
        for (const Parameter& parameter : info.parameters) {
            if (parameter.required || chance(50))
                made.arguments.push_back({std::string(parameter.name), value(parameter)});
        }
        return made;
    }

    Chain chain(Place place, unsigned most) {
        Chain made;
        for (std::uint64_t n = m_rng.below(most) + 1; n > 0; --n) {
            Member next = member(place);
            if (std::ranges::find(made, next.name, &Member::name) == made.end()) made.push_back(std::move(next));
        }
        return made;
    }

    Chain encoding() {
        Chain made = chance(40) ? chain(Place::EncodeTransform, 2) : Chain{};
        if (made.empty() || chance(60)) made.push_back(member(Place::EncodeType));
        return made;
    }

    CachePolicy policy() {
        CachePolicy p;
        p.exact = false;
        if (chance(50)) p.share = chain(Place::Share, 4);
        for (Chain* part : {&p.encode.key, &p.encode.value, &p.encode.latent, &p.encode.index}) {
            if (chance(40)) *part = encoding();
        }
        if (chance(30)) p.encode.value = p.encode.key;
        if (chance(60)) {
            p.keep.chain = chance(70) ? chain(Place::KeepProtector, 2) : Chain{};
            if (p.keep.chain.empty() || chance(50)) p.keep.chain.push_back(member(Place::KeepScorer));
            if (chance(40)) p.keep.budget = member(Place::Budget);
            if (chance(40)) p.keep.schedule = member(Place::Schedule);
            if (chance(40)) p.keep.fate = member(Place::Fate);
        }
        if (chance(40)) p.read = member(Place::Read);
        if (chance(20)) p.positions = Positions::Renumbered;
        return p;
    }

    std::string write(const Member& member, Place place) {
        const auto* const info = std::ranges::find_if(
            kFullRegistry, [&](const MemberInfo& m) { return m.name == member.name && m.place == place; });
        std::vector<std::string> named;
        std::string positional;
        bool byPosition = chance(50);
        for (const Parameter& parameter : info->parameters) {
            const auto given = std::ranges::find(member.arguments, parameter.name, &Argument::name);
            byPosition = byPosition && given != member.arguments.end();
            if (given == member.arguments.end()) continue;
            const auto* const number = std::get_if<double>(&given->value);
            const std::string text = number != nullptr ? numberText(*number) : std::get<std::string>(given->value);
            if (byPosition) positional += (positional.empty() ? "" : ",") + text;
            if (!byPosition)
                named.insert(named.begin() + static_cast<std::ptrdiff_t>(m_rng.below(named.size() + 1)),
                             std::string(parameter.name) + "=" + text);
        }
        std::string arguments = positional;
        for (const std::string& argument : named) arguments += (arguments.empty() ? "" : ",") + argument;
        if (arguments.empty() && chance(50)) return member.name;
        return member.name + "(" + arguments + ")";
    }

    std::string write(const Chain& chain, std::initializer_list<Place> places) {
        std::string text;
        for (const Member& member : chain) {
            for (const Place place : places) {
                const bool here = std::ranges::any_of(
                    kFullRegistry, [&](const MemberInfo& m) { return m.name == member.name && m.place == place; });
                if (here) text += (text.empty() ? "" : "+") + write(member, place);
            }
        }
        return text;
    }

    std::string write(const CachePolicy& p) {
        std::vector<std::string> clauses;
        if (!p.share.empty()) clauses.push_back("share=" + write(p.share, {Place::Share}));
        std::string parts;
        for (const Role role : {Role::Index, Role::Value, Role::Key, Role::Latent}) {
            const Chain& chain = chainOf(p.encode, role);
            if (chain.empty()) continue;
            parts += fmt::format("{}{}:{}", parts.empty() ? "" : ",", roleWord(role),
                                 write(chain, {Place::EncodeTransform, Place::EncodeType}));
        }
        if (!parts.empty()) clauses.push_back("encode=" + parts);
        if (!p.keep.chain.empty()) {
            std::string keep = "keep=" + write(p.keep.chain, {Place::KeepProtector, Place::KeepScorer});
            if (p.keep.budget) keep += "@" + write(*p.keep.budget, Place::Budget);
            if (p.keep.schedule) keep += "/" + write(*p.keep.schedule, Place::Schedule);
            if (p.keep.fate) keep += "~" + write(*p.keep.fate, Place::Fate);
            clauses.push_back(keep);
        }
        if (p.read) clauses.push_back("read=" + write(*p.read, Place::Read));
        if (p.positions == Positions::Renumbered || clauses.empty())
            clauses.emplace_back(p.positions == Positions::Original ? "positions=original" : "positions=renumbered");
        std::string text;
        while (!clauses.empty()) {
            const auto pick = clauses.begin() + static_cast<std::ptrdiff_t>(m_rng.below(clauses.size()));
            text += (text.empty() ? "" : " ") + *pick;
            clauses.erase(pick);
        }
        return text;
    }

  private:
    Rng m_rng;
};

TEST(Grammar, EveryWayToWriteAPolicyReadsAsItsCanonicalForm) {
    Writer writer(7);
    for (int i = 0; i < 4000; ++i) {
        const CachePolicy policy = writer.policy();
        const CachePolicy form = canonical(policy, kFullRegistry);
        const std::string text = writer.write(policy);
        const auto read = parseFull(text);
        ASSERT_TRUE(read) << text << "\n" << read.error().text();
        ASSERT_EQ(*read, form) << text << "\n" << printFull(policy);
        const std::string printed = printFull(*read);
        const auto again = parseFull(printed);
        ASSERT_TRUE(again) << printed << "\n" << again.error().text();
        ASSERT_EQ(*again, form) << printed;
        ASSERT_EQ(printFull(*again), printed);
        ASSERT_EQ(canonical(form, kFullRegistry), form) << printed;
    }
}

TEST(Grammar, NumbersPrintAsTheyWereRead) {
    for (const char* alpha : {"0", "1", "0.1", "0.05", "0.3333333333333"}) {
        const std::string text = fmt::format("keep=h2o@ada({})", alpha);
        const auto policy = parseFull(text);
        ASSERT_TRUE(policy) << policy.error().text();
        EXPECT_EQ(printFull(*policy), text);
    }
    EXPECT_EQ(numberText(0.1), "0.1");
    EXPECT_EQ(numberText(0.000001), "0.000001");
    EXPECT_EQ(numberText(123456789012345.0), "123456789012345");
    EXPECT_EQ(numberText(0.3333333333333), "0.3333333333333");
}

}  // namespace
}  // namespace kvscope::cache
