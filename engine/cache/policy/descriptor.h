// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/cache/encode/row_codec.h"
#include "engine/cache/keep/protector.h"
#include "engine/cache/policy/registry.h"

namespace kvscope::cache {

/// What a member's file gives to the registry: its description, and the part of its place.
struct Descriptor {
    MemberInfo info;
    const RowCodec* codec = nullptr;       ///< Place::EncodeType
    const Protector* protector = nullptr;  ///< Place::KeepProtector
};

// One function a member, defined in encode/NAME.cpp or keep/NAME.cpp; listed once more in registry.cpp.
[[nodiscard]] Descriptor f32Member();
[[nodiscard]] Descriptor f16Member();
[[nodiscard]] Descriptor q8_0Member();
[[nodiscard]] Descriptor q4_0Member();
[[nodiscard]] Descriptor sinksMember();
[[nodiscard]] Descriptor windowMember();

/// The registry with the parts of each place; members() is its public face.
[[nodiscard]] std::span<const Descriptor> descriptors();

}  // namespace kvscope::cache
