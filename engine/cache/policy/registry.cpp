// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/registry.h"

#include <algorithm>
#include <array>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

/// The members that this version runs, a line each, in the order of documentation.
constexpr std::array kMembers = {
    f32Member,     //
    f16Member,     //
    q8_0Member,    //
    q4_0Member,    //
    sinksMember,   //
    windowMember,  //
};

}  // namespace

std::span<const Descriptor> descriptors() {
    static const auto table = [] {
        std::array<Descriptor, kMembers.size()> made;
        std::ranges::transform(kMembers, made.begin(), [](Descriptor (*make)()) { return make(); });
        return made;
    }();
    return table;
}

std::span<const MemberInfo> members() {
    static const auto table = [] {
        std::array<MemberInfo, kMembers.size()> infos;
        std::ranges::transform(descriptors(), infos.begin(), &Descriptor::info);
        return infos;
    }();
    return table;
}

const MemberInfo* findMember(Place place, std::string_view name) {
    const auto found = std::ranges::find_if(
        members(), [&](const MemberInfo& member) { return member.place == place && member.name == name; });
    return found == members().end() ? nullptr : &*found;
}

std::string_view placeTitle(Place place) {
    switch (place) {
        case Place::Share:
            return "share";
        case Place::EncodeTransform:
            return "encode: transform";
        case Place::EncodeType:
            return "encode: storage type";
        case Place::KeepProtector:
            return "keep: protects rows";
        case Place::KeepScorer:
            return "keep: scores rows";
        case Place::Budget:
            return "keep: @budget";
        case Place::Schedule:
            return "keep: /schedule";
        case Place::Fate:
            return "keep: ~fate";
        case Place::Read:
            return "read";
    }
    return "";
}

std::string_view natureWord(Nature nature) {
    switch (nature) {
        case Nature::Native:
            return "native";
        case Nature::Lossless:
            return "lossless";
        case Nature::Approximate:
            return "approximate";
    }
    return "";
}

}  // namespace kvscope::cache
