// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "engine/cache/policy/aliases.h"
#include "engine/cache/policy/canonical.h"
#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/messages.h"
#include "engine/cache/policy/registry.h"

namespace kvscope::cache {
namespace {

constexpr std::size_t kHelpColumns = 100;

/// `name` or `name(n=256)`: a member with its parameters and their defaults.
std::string signature(const MemberInfo& member) {
    if (member.parameters.empty()) return std::string(member.name);
    std::vector<std::string> parameters;
    for (const Parameter& parameter : member.parameters) {
        parameters.push_back(parameter.required ? std::string(parameter.name)
                                                : fmt::format("{}={}", parameter.name, defaultText(parameter)));
    }
    return fmt::format("{}({})", member.name, fmt::join(parameters, ","));
}

/// Words of `text` in lines of at most kHelpColumns, every line after the first indented.
std::string wrapped(std::string_view text, std::string_view first, std::string_view indent) {
    std::string result(first);
    std::size_t column = first.size();
    bool atStart = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!atStart && column + 1 + word.size() > kHelpColumns) {
            result += fmt::format("\n{}", indent);
            column = indent.size();
            atStart = true;
        }
        if (!atStart) result += ' ';
        result += word;
        column += word.size() + (atStart ? 0 : 1);
        atStart = false;
    }
    return result + "\n";
}

std::string memberHelp(const MemberInfo& member) {
    std::string text = wrapped(fmt::format("{} ({})", member.summary, natureWord(member.nature)),
                               fmt::format("    {:<16} ", signature(member)), std::string(21, ' '));
    for (const Parameter& parameter : member.parameters) {
        text += wrapped(fmt::format("{}: {}, {}", parameter.name, parameter.sentence, rangeText(parameter)),
                        std::string(21, ' '), std::string(23, ' '));
    }
    return text;
}

std::string aliasHelp() {
    std::vector<std::string> aliases = {"streaming_llm(4,256) = sinks(4)+window(256)"};
    for (const NameAlias& alias : nameAliases()) {
        if (findMember(alias.place, alias.name) != nullptr)
            aliases.push_back(fmt::format("{} = {}", alias.alias, alias.name));
    }
    return wrapped(fmt::format("{}", fmt::join(aliases, ", ")), "  Also read: ", "    ");
}

/// "keep=h2o", "@ada", "/prefill", "~cam": a known name with the sign of its place.
std::string writtenAs(const KnownMethod& known) {
    switch (known.place) {
        case Place::Budget:
            return fmt::format("@{}", known.name);
        case Place::Schedule:
            return fmt::format("/{}", known.name);
        case Place::Fate:
            return fmt::format("~{}", known.name);
        default:
            return fmt::format("{}={}", axisWord(known.place), known.name);
    }
}

std::string unavailableHelp() {
    std::vector<std::string> names;
    for (const KnownMethod& known : knownMethods()) names.push_back(writtenAs(known));
    return wrapped(fmt::format("{}", fmt::join(names, ", ")), "  Known by name, not run by this version: ", "    ");
}

}  // namespace

std::string policyHelp() {
    std::string text =
        "Policy: \"exact\" (every axis native, rows in f32), or clauses separated by a space, each axis once:\n"
        "    share=CHAIN   encode=CHAIN | k:CHAIN,v:CHAIN   keep=CHAIN[@BUDGET][/SCHEDULE][~FATE]\n"
        "    read=MEMBER   positions=original|renumbered\n"
        "  A chain joins members by '+'; a member is name or name(argument,...), by position or name=value.\n"
        "  An axis that is not named stays native; rows that are not named are f16. A shell needs quotes:\n"
        "    --policy 'encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256)'\n";
    std::string_view title;
    for (const MemberInfo& member : members()) {
        if (placeTitle(member.place) != title) {
            title = placeTitle(member.place);
            text += fmt::format("  {}\n", title);
        }
        text += memberHelp(member);
    }
    return text + aliasHelp() + unavailableHelp();
}

std::string membersMarkdown() {
    std::string text =
        "| axis | member | nature | parameters | what it does | source |\n| --- | --- | --- | --- | --- | --- |\n";
    for (const MemberInfo& member : members()) {
        std::vector<std::string> parameters;
        for (const Parameter& parameter : member.parameters)
            parameters.push_back(fmt::format("`{}`: {}, {}", parameter.name, parameter.sentence, rangeText(parameter)));
        text += fmt::format("| {} | `{}` | {} | {} | {} | {} |\n", placeTitle(member.place), signature(member),
                            natureWord(member.nature), fmt::join(parameters, "; "), member.summary, member.source);
    }
    return text;
}

}  // namespace kvscope::cache
