// SPDX-License-Identifier: Apache-2.0
// What cannot combine: errors and remarks by policy and model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/cache/policy/policy.h"

namespace kvscope::cache {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelShape llama(unsigned headDim = 64) {
    return {"llama", 5, 8, 4, headDim, 2048};
}

std::vector<std::string> errorsOf(const CachePolicy& policy, const ModelShape& model) {
    std::vector<std::string> texts;
    for (const Error& error : validate(policy, model).errors) {
        EXPECT_EQ(error.kind, ErrorKind::BadPolicy);
        texts.push_back(error.text());
    }
    return texts;
}
std::vector<std::string> errorsOf(const char* text, const ModelShape& model = llama()) {
    return errorsOf(CachePolicy::parse(text).value(), model);
}
std::vector<std::string> remarksOf(const char* text, const ModelShape& model = llama()) {
    return validate(CachePolicy::parse(text).value(), model).remarks;
}

TEST(Validate, LegalPoliciesHaveNoErrors) {
    for (const char* text : {"exact", "encode=f16", "encode=q8_0", "encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256)",
                             "keep=window(1)", "encode=f32 keep=window(8)"}) {
        EXPECT_THAT(errorsOf(text), IsEmpty()) << text;
    }
    EXPECT_THAT(remarksOf("exact"), IsEmpty());
    EXPECT_THAT(remarksOf("encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256)"), IsEmpty());
}

TEST(Validate, BlocksMustFitTheHead) {
    EXPECT_THAT(
        errorsOf("encode=q8_0", llama(8)),
        ElementsAre("policy: encode=q8_0: encode: q8_0 stores blocks of 32 values, and this model's head size 8 is "
                    "no multiple of 32; possible: f32, f16"));
    EXPECT_THAT(errorsOf("encode=k:q8_0,v:q4_0", llama(48)),
                ElementsAre(HasSubstr("encode=k:q8_0"), HasSubstr("encode=v:q4_0")));
    EXPECT_THAT(errorsOf("encode=v:q4_0", llama(80)), ElementsAre(HasSubstr("encode=v:q4_0")));
    for (const unsigned headDim : {32U, 64U, 96U, 128U, 0U})
        EXPECT_THAT(errorsOf("encode=q4_0", llama(headDim)), IsEmpty());
    EXPECT_THAT(errorsOf("encode=f16", llama(7)), IsEmpty());
}

TEST(Validate, PositionsAreNotRenumbered) {
    EXPECT_THAT(
        errorsOf("keep=window positions=renumbered"),
        ElementsAre("policy: positions=renumbered: positions: renumbered is not available in this version; rows "
                    "keep the positions they were written with (positions=original)"));
}

TEST(Validate, TheNewestRowMustStay) {
    EXPECT_THAT(errorsOf("keep=sinks(8)"), ElementsAre(HasSubstr("name window(n) with n of at least 1")));
    CachePolicy policy;
    policy.keep.chain = {{"sinks", {}}, {"window", {{"n", 0.0}}}};
    EXPECT_THAT(errorsOf(policy, llama()),
                ElementsAre(HasSubstr("window: n is a whole number of rows from 1 to 1048576"),
                            HasSubstr("name window(n) with n of at least 1")));
}

TEST(Validate, RolesOfTheArchitecture) {
    EXPECT_THAT(errorsOf("encode=latent:q8_0"), ElementsAre(HasSubstr("'llama' stores keys and values, no latent")));
    EXPECT_THAT(errorsOf("encode=index:q8_0"), ElementsAre(HasSubstr("'llama' stores no index keys")));
    const ModelShape mla{"deepseek2", 4, 8, 1, 64, 4096};
    EXPECT_THAT(errorsOf("encode=latent:q8_0", mla), IsEmpty());
    EXPECT_THAT(errorsOf("encode=q8_0", mla), IsEmpty());
    EXPECT_THAT(errorsOf("encode=k:q8_0", mla), ElementsAre(HasSubstr("one latent for keys and values")));
}

TEST(Validate, HandMadePoliciesMeetTheRegistry) {
    CachePolicy policy;
    policy.exact = false;
    policy.share = {{"heads", {}}};
    policy.encode.key = policy.encode.value = {{"turbo", {}}};
    policy.keep.chain = {{"window", {{"m", 4.0}}}};
    policy.keep.budget = Member{"ada", {}};
    policy.read = Member{"pages", {}};
    const auto errors = errorsOf(policy, llama());
    EXPECT_THAT(errors, testing::SizeIs(6));
    EXPECT_THAT(errors, testing::Contains("policy: share=heads: share: 'heads' is no member that this version runs"));
    EXPECT_THAT(errors, testing::Contains("policy: encode=turbo: encode: 'turbo' is no member that this version runs"));
    EXPECT_THAT(errors, testing::Contains("policy: window: keep: window has no argument 'm'"));
    EXPECT_THAT(errors, testing::Contains("policy: keep=@ada: keep: a budget shares out what a scorer may keep, and no "
                                          "scorer is named"));
    policy = {};
    policy.keep.schedule = Member{"full", {}};
    EXPECT_THAT(errorsOf(policy, llama()), testing::Contains(HasSubstr("needs a method before it")));
}

TEST(Validate, Remarks) {
    EXPECT_THAT(
        remarksOf("keep=sinks(4)+window(2044)"),
        ElementsAre("sinks(4)+window(2044) keeps 2048 rows and the model's trained context has 2048: within it, "
                    "it has no effect"));
    EXPECT_THAT(remarksOf("keep=sinks(4)+window(2043)"), IsEmpty());
    EXPECT_THAT(remarksOf("keep=window(4096)"),
                ElementsAre(HasSubstr("no effect"), HasSubstr("past the trained context of 2048 positions")));
    EXPECT_THAT(remarksOf("keep=window(4096)", {"llama", 5, 8, 4, 64, 0}), IsEmpty());
    EXPECT_THAT(remarksOf("keep=sinks(0)+window(8)"), ElementsAre("sinks(0) protects no row"));
    EXPECT_THAT(remarksOf("encode=k:q4_0"), ElementsAre(HasSubstr("keys (q4_0) are stored coarser than values (f16)")));
    EXPECT_THAT(
        remarksOf("encode=f32 keep=window(8)"),
        ElementsAre("rows in f32 take twice the bytes of f16; this shows the other axes without a rounding error"));
}

}  // namespace
}  // namespace kvscope::cache
