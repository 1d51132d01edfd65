// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/policy/policy.h"

namespace kvscope::cache {

/// An argument as written; `column` is that of its value.
struct ArgumentNode {
    std::string name;  ///< empty = by position
    std::size_t nameColumn = 0;
    std::variant<double, std::string> value;
    std::string text;
    std::size_t column = 0;
};

/// A member as written, before names mean anything.
struct MemberNode {
    std::string name;
    std::size_t column = 0;
    std::vector<ArgumentNode> arguments;
    std::string written;  ///< the name in the text, where an alias replaced it; else empty

    [[nodiscard]] const std::string& shown() const { return written.empty() ? name : written; }
};

/// `chain` or `role:chain` of the encode axis.
struct EncodeNode {
    std::optional<Role> role;
    std::vector<MemberNode> chain;
};

/// A policy text as the grammar of decisions.md 1 reads it: names are not looked up yet.
struct PolicyTree {
    bool exact = false;  ///< the word `exact` alone
    std::vector<MemberNode> share;
    std::vector<EncodeNode> encode;
    std::vector<MemberNode> keep;
    std::optional<MemberNode> budget, schedule, fate;
    std::optional<MemberNode> read;
    Positions positions = Positions::Original;
};

/// Reads a text by the grammar. BadPolicy names axis, token and column and what could stand there.
[[nodiscard]] Result<PolicyTree> parseSyntax(std::string_view text);

/// "k", "v", "latent", "index": the word of a role in a policy.
[[nodiscard]] std::string_view roleWord(Role role);

}  // namespace kvscope::cache
