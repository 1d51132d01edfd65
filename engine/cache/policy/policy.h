// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::cache {

/// An argument of a member: positional (name empty) or named; its value a number or a name.
struct Argument {
    std::string name;
    std::variant<double, std::string> value;
    bool operator==(const Argument&) const = default;
};

/// `name(arg, arg)`: one member of an axis with its arguments as the user wrote them, made canonical by parsing
/// (aliases resolved, positional arguments named, arguments equal to the default dropped, order of the registry).
struct Member {
    std::string name;
    std::vector<Argument> arguments;
    bool operator==(const Member&) const = default;

    /// The argument's number, or `fallback` when it is absent.
    [[nodiscard]] double number(std::string_view argument, double fallback) const;
    /// The argument's name value, or `fallback`.
    [[nodiscard]] std::string text(std::string_view argument, std::string_view fallback) const;
};
using Chain = std::vector<Member>;

/// What is stored: keys, values, an architecture's latent, an architecture's index keys.
enum class Role { Key, Value, Latent, Index };

/// Axis encode: a chain per role. An absent role is f16 (f32 in `exact`); an absent latent follows k and v where
/// these are equal. `encode=chain` names keys and values.
struct EncodePart {
    Chain key, value, latent, index;
    bool operator==(const EncodePart&) const = default;
};

/// Axis keep: protectors and at most one scorer, with budget, schedule and fate of the losers.
struct KeepPart {
    Chain chain;                     ///< empty = keep all
    std::optional<Member> budget;    ///< @ada, @pyramid
    std::optional<Member> schedule;  ///< /prefill, /every, /full
    std::optional<Member> fate;      ///< ~drop, ~cam …
    bool operator==(const KeepPart&) const = default;
};

enum class Positions { Original, Renumbered };

/// A cache policy: a point on the four axes (design 2; grammar: decisions.md 1). A value; immutable by convention.
struct CachePolicy {
    bool exact = true;  ///< the empty policy: every axis native, rows in f32
    Chain share;
    EncodePart encode;
    KeepPart keep;
    std::optional<Member> read;
    Positions positions = Positions::Original;
    bool operator==(const CachePolicy&) const = default;

    /// Parses a policy text. Errors (BadPolicy) name axis and token and say what would be valid there.
    static Result<CachePolicy> parse(std::string_view text);
    /// The one form among equal policies, which parse() returns and toText() prints: defaults dropped, members in the
    /// registry's order, rows in f16 unnamed. A hand-made policy with `exact` set beside a named axis is not exact.
    [[nodiscard]] CachePolicy canonical() const;
    /// The canonical one-line text; parse(toText()) == canonical().
    [[nodiscard]] std::string toText() const;
    /// The storage type of a role: last member of its chain that is a type; "f16" when unnamed, "f32" in `exact`.
    /// An unnamed latent follows keys and values where these agree (`encode=q8_0` stores a latent in q8_0).
    [[nodiscard]] std::string storage(Role role) const;
    /// Rows protected at the start (keep=sinks(n)) and at the end (window(n)); 0 when not named.
    [[nodiscard]] unsigned sinks() const;
    [[nodiscard]] unsigned window() const;
};

/// What `validate` needs to know about a model.
struct ModelShape {
    std::string architecture;
    unsigned nLayers = 0;
    unsigned nHeads = 0;
    unsigned nKvHeads = 0;
    unsigned headDim = 0;
    unsigned trainedContext = 0;
};

/// What cannot combine, or not with this model: one error each, with the reason; empty = legal.
/// Second: remarks that are no errors ("window(4096) is longer than the context: it has no effect").
struct Validation {
    std::vector<Error> errors;
    std::vector<std::string> remarks;
};
[[nodiscard]] Validation validate(const CachePolicy& policy, const ModelShape& model);

}  // namespace kvscope::cache
