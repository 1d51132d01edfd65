// SPDX-License-Identifier: Apache-2.0
// Templates made to harm: each ends soon, with a sentence.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "engine/text/chat/chat_template.h"

namespace kvscope::text {
namespace {

const ChatJson kMessages = ChatJson::parse(R"([{"role": "user", "content": "hi"}])");

std::string repeated(const std::string& piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

/// The sentence that the template ends with; it must come within 20 seconds of the processor, even under a sanitizer.
std::string refusal(const std::string& text, const ChatLimits& limits = {}) {
    ChatOptions options;
    options.limits = limits;
    const std::clock_t begin = std::clock();
    const auto result = renderChat(text, kMessages, options);
    EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 20) << text.substr(0, 100);
    EXPECT_FALSE(result) << text.substr(0, 100);
    return result ? std::string() : result.error().text();
}

void expectRefused(const std::string& text, const std::string& part) {
    ChatLimits limits;
    limits.work /= 4;  // the sentence is the same, and sanitizers have less to do
    const std::string sentence = refusal(text, limits);
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence << "\n" << text.substr(0, 100);
}

TEST(ChatLimits, LoopsWithinLoops) {
    const std::string loop = "{% for i in range(99999) %}";
    expectRefused(loop + loop + loop + "{% set x = i %}" + repeated("{% endfor %}", 3), "more work");
    expectRefused(loop + loop + repeated("{% endfor %}", 2), "more work");
    EXPECT_NE(refusal(loop + loop + repeated("{% endfor %}", 2)).find("more work"), std::string::npos);
    expectRefused("{{ range(100001) }}", "more than 100000 numbers");
    expectRefused("{{ range(0, -9223372036854775807, -1) }}", "more than 100000 numbers");
}

TEST(ChatLimits, Repetition) {
    expectRefused("{{ 'x' * 9223372036854775807 }}", "more work");
    expectRefused("{{ ('x' * 100000) * 100000 }}", "more work");
    expectRefused("{{ [1] * 100000000000 }}", "more work");
    expectRefused("{% for i in range(99999) %}" + repeated("x", 1000) + "{% endfor %}", "prints more than");
    expectRefused("{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                  "more work");
    expectRefused(
        "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x|replace('a', 'aa') %}"
        "{% endfor %}",
        "more work");
    expectRefused("{{ 'a\n' * 1000 | indent(1000000000) }}", "more work");
    expectRefused("{{ 'a' | indent(9000000000000000000) }}", "more work");
    expectRefused("{{ '%s%s%s%s' % ('a' * 40000000,) }}", "");
}

TEST(ChatLimits, Depth) {
    expectRefused("{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}", "nested deeper");
    expectRefused("{{ " + repeated("[", 99999), "nested deeper");
    expectRefused("{{ " + repeated("not ", 100000) + "1 }}", "nested deeper");
    expectRefused("{{ " + repeated("-", 100000) + "1 }}", "nested deeper");
    expectRefused("{{ " + repeated("1 if 1 else ", 50000) + "1 }}", "nested deeper");
    expectRefused("{{ 1" + repeated(" + 1", 100000) + " }}", "levels");
    expectRefused("{{ a" + repeated(".a", 100000) + " }}", "levels");
    expectRefused("{{ 1" + repeated("|abs", 100000) + " }}", "levels");
    expectRefused("{{ 1" + repeated(" and 1", 100000) + " }}", "levels");
    expectRefused(repeated("{% if 1 %}", 50000), "nested deeper");
    expectRefused(repeated("{% for i in [1] %}", 5000) + repeated("{% endfor %}", 5000), "nested deeper");
    expectRefused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "does a macro call itself");
    expectRefused("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                  "does a macro call itself");
    expectRefused("{{ 'a'|map(" + repeated("'map', ", 50000) + "'upper')|list }}", "255 arguments");
    expectRefused("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}",
                  "nested deeper than 200");
    expectRefused(
        "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
        "{{ ns.x }}",
        "more work");
    expectRefused(
        "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}"
        "{% endfor %}{{ ns.x|tojson }}",
        "more work");
}

TEST(ChatLimits, CyclesLeakNothing) {
    const auto text = renderChat(
        "{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{% set a.me = [a] %}{{ a }}{% macro m() "
        "%}"
        "{{ m }}{% endmacro %}{% set a.m = m %}{{ m() }}{% for i in [1] %}{% set a.loop = loop %}{% endfor %}"
        "{{ a.loop.length }}",
        kMessages, {});
    ASSERT_TRUE(text) << text.error().text();
}

TEST(ChatLimits, UnclosedTags) {
    for (const std::string part :
         {"{{", "{%", "{#", "{{ 'x", "{{ \"x", "{% if x", "{% raw %}", "{% for", "{{ x[", "{{ {", "{% set x %}",
          "{% macro m(", "{{ 'x\\", "{{ '\\u12", "{%- raw", "{{ x |", "{{ x is"}) {
        refusal(part);
        refusal("a\n\n" + part + repeated(" ", 100000));
    }
    EXPECT_EQ(refusal("a\nb\n{% if x %}\n\n"),
              "chat template: line 3: the block 'if' is not closed; 'endif' is missing");
    EXPECT_EQ(refusal("a\n{{ b.c }}").substr(0, 24), "chat template: line 2: '");
    EXPECT_EQ(refusal("{{ raise_exception('no') }}"), "chat template: line 1: it refuses the conversation: no");
}

TEST(ChatLimits, Sizes) {
    expectRefused(repeated("x", (1U << 20) + 1), "1048576");
    expectRefused("{{ " + repeated("x", 1000) + " }}", "255 characters");
    ChatLimits limits;
    limits.outputBytes = 4;
    EXPECT_NE(refusal("12345", limits).find("4 bytes"), std::string::npos);
    ChatOptions options;
    options.limits = limits;
    EXPECT_EQ(*renderChat("1234", kMessages, options), "1234");
    ChatJson deep = 1;
    for (int i = 0; i < 1000; ++i) deep = ChatJson::array({deep});
    EXPECT_FALSE(renderChat("x", deep, {}));
}

TEST(ChatLimits, ManyNames) {
    std::string text = "{% set a = 1 %}";
    for (int i = 0; i < 20000; ++i) text += "{% set v" + std::to_string(i) + "=1 %}";
    expectRefused(text + "{% for i in range(99999) %}{{ a }}{{ zz }}{% endfor %}", "more work");
}

TEST(ChatLimits, WhatSlowMatchingWouldCost) {
    expectRefused(
        "{% set h = 'a' * 1000000 %}{% set n = 'a' * 400000 ~ 'b' %}{% for i in range(9999) %}"
        "{% set x = n in h or h.count(n) or h.replace(n, '') or h.rfind(n) %}{% endfor %}",
        "more work");
}

}  // namespace
}  // namespace kvscope::text
