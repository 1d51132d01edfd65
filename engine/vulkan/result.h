// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vulkan/vulkan.h>

#include <string>

#include "engine/base/error.h"

namespace kvscope::vulkan {

/// The result's name, "VK_ERROR_DEVICE_LOST".
[[nodiscard]] const char* name(VkResult result);
/// A failed Vulkan call as an Error: out of memory, device lost, or internal.
[[nodiscard]] Error toError(VkResult result, const std::string& what);

}  // namespace kvscope::vulkan

/// Returns from the enclosing function with an Error when a Vulkan call fails.
#define KVS_VK(call)                                                              \
    do {                                                                          \
        const VkResult kvsResult = (call);                                        \
        if (kvsResult != VK_SUCCESS) {                                            \
            return std::unexpected(::kvscope::vulkan::toError(kvsResult, #call)); \
        }                                                                         \
    } while (false)
