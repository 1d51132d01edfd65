// SPDX-License-Identifier: Apache-2.0
// The canonical text of policies, `exact`, storage of roles, aliases. Expected texts follow decisions.md 1.
#include <gtest/gtest.h>

#include "engine/cache/policy/policy.h"

namespace kvscope::cache {
namespace {

struct Form {
    const char* text;
    const char* canonical;
};
void PrintTo(const Form& form, std::ostream* out) {
    *out << form.text;
}

class CanonicalForm : public testing::TestWithParam<Form> {};

TEST_P(CanonicalForm, IsPrintedAndReadBack) {
    const auto policy = CachePolicy::parse(GetParam().text);
    ASSERT_TRUE(policy) << policy.error().text();
    EXPECT_EQ(policy->toText(), GetParam().canonical);
    const auto again = CachePolicy::parse(policy->toText());
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*again, *policy);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, CanonicalForm,
    testing::Values(
        // exact, and what equals it
        Form{"exact", "exact"}, Form{"  exact  ", "exact"}, Form{"encode=f32", "exact"},
        Form{"encode=k:f32,v:f32", "exact"}, Form{"positions=original encode=f32", "exact"},
        Form{"encode=v:f32,k:f32,index:f32", "exact"},
        // native but not exact
        Form{"encode=f16", "encode=f16"}, Form{"positions=original", "encode=f16"}, Form{"keep=all", "encode=f16"},
        Form{"read=all", "encode=f16"}, Form{"keep=all encode=f32 read=all", "exact"},
        // roles
        Form{"encode=q8_0", "encode=q8_0"}, Form{"encode=k:q8_0,v:q8_0", "encode=q8_0"},
        Form{"encode=v:q4_0,k:q8_0", "encode=k:q8_0,v:q4_0"}, Form{"encode=k:q8_0,v:f16", "encode=k:q8_0"},
        Form{"encode=k:q8_0", "encode=k:q8_0"}, Form{"encode=v:q4_0", "encode=v:q4_0"},
        Form{"encode=k:f32", "encode=k:f32"}, Form{"encode=latent:q8_0", "encode=latent:q8_0"},
        Form{"encode=latent:f16", "encode=f16"},
        Form{"encode=latent:f16,k:q8_0,v:q8_0", "encode=k:q8_0,v:q8_0,latent:f16"},
        Form{"encode=latent:q8_0,k:q8_0,v:q8_0", "encode=q8_0"},
        Form{"encode=index:q4_0,k:q8_0,v:q8_0", "encode=k:q8_0,v:q8_0,index:q4_0"},
        Form{"encode=k:q8_0() keep=window()", "encode=k:q8_0 keep=window(256)"},
        // keep
        Form{"keep=sinks(4)+window(256)", "keep=sinks(4)+window(256)"},
        Form{"keep=window(256)+sinks(4)", "keep=sinks(4)+window(256)"},
        Form{"keep=sinks+window", "keep=sinks(4)+window(256)"}, Form{"keep=window(n=64)", "keep=window(64)"},
        Form{"keep=window(0064)", "keep=window(64)"}, Form{"keep=window(64.0)", "keep=window(64)"},
        Form{"keep=sinks(0)+window(1)", "keep=sinks(0)+window(1)"},
        Form{"keep=window(1048576)", "keep=window(1048576)"},
        // order of axes, spaces between clauses
        Form{"positions=renumbered keep=window(8) encode=q4_0", "encode=q4_0 keep=window(8) positions=renumbered"},
        Form{"keep=window(8)   encode=f16", "keep=window(8)"},
        Form{"encode=f32 keep=window(8)", "encode=f32 keep=window(8)"},
        // aliases
        Form{"encode=fp16", "encode=f16"}, Form{"encode=k:Q8_0,v:Q4_0", "encode=k:q8_0,v:q4_0"},
        Form{"encode=float32", "exact"}, Form{"encode=half keep=sliding_window(9)", "keep=window(9)"},
        Form{"keep=attention_sinks(2)+window(9)", "keep=sinks(2)+window(9)"},
        Form{"keep=streaming_llm", "keep=sinks(4)+window(256)"},
        Form{"keep=streaming_llm(8)", "keep=sinks(8)+window(256)"},
        Form{"keep=streaming_llm(8,512)", "keep=sinks(8)+window(512)"},
        Form{"keep=streaming_llm(window=512,n_sink=8)", "keep=sinks(8)+window(512)"}));

TEST(CachePolicyValue, DefaultIsExact) {
    EXPECT_EQ(CachePolicy{}, CachePolicy::parse("exact").value());
    EXPECT_EQ(CachePolicy{}.toText(), "exact");
}

TEST(CachePolicyValue, HandMadePoliciesGetTheSameForm) {
    CachePolicy policy;
    policy.keep.chain = {{"window", {{"", 256.0}}}, {"sinks", {{"n", 8.0}}}};  // `exact` left set
    policy.encode.key = {{"f16", {}}};
    EXPECT_EQ(policy.toText(), "keep=sinks(8)+window(256)");
    EXPECT_EQ(policy.canonical(), CachePolicy::parse("keep=sinks(8)+window").value());
    EXPECT_EQ(policy.storage(Role::Key), "f16");
    policy = {};
    policy.exact = false;
    EXPECT_EQ(policy.toText(), "encode=f16");
}

TEST(CachePolicyValue, StorageOfRoles) {
    const auto storage = [](const char* text, Role role) { return CachePolicy::parse(text).value().storage(role); };
    EXPECT_EQ(storage("exact", Role::Key), "f32");
    EXPECT_EQ(storage("exact", Role::Latent), "f32");
    EXPECT_EQ(storage("exact", Role::Index), "f32");
    EXPECT_EQ(storage("keep=window(8)", Role::Key), "f16");
    EXPECT_EQ(storage("encode=k:q8_0", Role::Key), "q8_0");
    EXPECT_EQ(storage("encode=k:q8_0", Role::Value), "f16");
    EXPECT_EQ(storage("encode=k:q8_0", Role::Latent), "f16");
    EXPECT_EQ(storage("encode=q4_0", Role::Value), "q4_0");
    EXPECT_EQ(storage("encode=q4_0", Role::Latent), "q4_0");
    EXPECT_EQ(storage("encode=q4_0", Role::Index), "f16");
    EXPECT_EQ(storage("encode=k:q4_0,v:q4_0,latent:f16", Role::Latent), "f16");
    EXPECT_EQ(storage("encode=latent:q8_0", Role::Latent), "q8_0");
}

TEST(CachePolicyValue, SinksAndWindow) {
    const auto policy = CachePolicy::parse("keep=sinks+window(100)").value();
    EXPECT_EQ(policy.sinks(), 4U);
    EXPECT_EQ(policy.window(), 100U);
    EXPECT_EQ(CachePolicy{}.sinks(), 0U);
    EXPECT_EQ(CachePolicy{}.window(), 0U);
    EXPECT_EQ(CachePolicy::parse("keep=window").value().sinks(), 0U);
}

TEST(CachePolicyValue, ArgumentsOfAMember) {
    const Member member{"m", {{"n", 3.0}, {"by", "key"}}};
    EXPECT_EQ(member.number("n", 7), 3);
    EXPECT_EQ(member.number("m", 7), 7);
    EXPECT_EQ(member.number("by", 7), 7);
    EXPECT_EQ(member.text("by", "value"), "key");
    EXPECT_EQ(member.text("n", "value"), "value");
}

}  // namespace
}  // namespace kvscope::cache
