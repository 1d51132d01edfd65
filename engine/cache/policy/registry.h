// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kvscope::cache {

/// Where a member can stand in a policy text.
enum class Place { Share, EncodeTransform, EncodeType, KeepProtector, KeepScorer, Budget, Schedule, Fate, Read };

/// What a member does to the result (design 2).
enum class Nature { Native, Lossless, Approximate };

enum class ParameterType { Integer, Real, Name };

/// One parameter of a member: the only source for validation, error texts, GUI controls and documentation.
struct Parameter {
    std::string_view name;
    ParameterType type = ParameterType::Integer;
    double minimum = 0;
    double maximum = 0;
    double fallback = 0;        ///< default of a number
    std::string_view choices;   ///< of a Name: "a|b", the first is the default
    std::string_view unit;      ///< "rows", ""
    std::string_view sentence;  ///< what it means
    bool required = false;
};

/// One member of an axis.
struct MemberInfo {
    std::string_view name;
    Place place = Place::Share;
    Nature nature = Nature::Approximate;
    std::string_view summary;  ///< one sentence
    std::string_view source;   ///< paper, or repository and file
    std::span<const Parameter> parameters;
};

/// All members that this version runs, in the order of documentation.
[[nodiscard]] std::span<const MemberInfo> members();
[[nodiscard]] const MemberInfo* findMember(Place place, std::string_view name);
/// "share", "encode: transform", "encode", "keep: protects", …: the heading of a place.
[[nodiscard]] std::string_view placeTitle(Place place);
/// "native", "lossless", "approximate".
[[nodiscard]] std::string_view natureWord(Nature nature);

/// The text of `--help` about policies: grammar by example, every member with its parameters, aliases, and that a
/// shell needs quotes. Lines of at most 100 columns, made from the registry.
[[nodiscard]] std::string policyHelp();
/// The registry as a Markdown table: axis, member, nature, parameters, what it does, source.
[[nodiscard]] std::string membersMarkdown();

}  // namespace kvscope::cache
