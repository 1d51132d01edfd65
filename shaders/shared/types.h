// SPDX-License-Identifier: Apache-2.0
// Scalars of the structs that C++ and GLSL share. Only uint and float members: no padding on either side.
#ifdef __cplusplus
#pragma once
#include <cstdint>
namespace kvscope::shared {
using uint = std::uint32_t;
}
#define KVS_PUSH_BEGIN(Name) \
    namespace kvscope::shared { \
    struct Name {
#define KVS_PUSH_END \
    } \
    ; \
    }
#define KVS_CONSTANT(type, name, value) \
    namespace kvscope::shared { \
    inline constexpr type name = value; \
    }
#else
#define KVS_PUSH_BEGIN(Name) layout(push_constant) uniform Name {
#define KVS_PUSH_END \
    } \
    pc;
#define KVS_CONSTANT(type, name, value) const type name = value;
#endif
