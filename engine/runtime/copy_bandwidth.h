// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/error.h"
#include "engine/vulkan/device.h"

namespace kvscope::runtime {

/// (bytes read + bytes written) / second of a device copy of 256 MiB, the best of five; smaller buffers, copied more
/// often, where the device's memory or its ranges do not allow 256 MiB.
[[nodiscard]] Result<double> measureCopyBandwidth(vulkan::Device& device);

}  // namespace kvscope::runtime
