// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "engine/kernels/kernel_library.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/weights.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/instance.h"

namespace kvscope::runtime {

/// What an Engine holds; members die in reverse order, so buffers before the device.
struct Engine::Impl {
    std::unique_ptr<gguf::File> file;
    model::Program program;
    std::unique_ptr<text::Tokenizer> tokenizer;
    DeviceDescription description;
    std::unique_ptr<vulkan::Instance> instance;
    std::unique_ptr<vulkan::Device> device;
    std::unique_ptr<kernels::KernelLibrary> library;
    std::unique_ptr<DeviceWeights> weights;
    std::optional<double> copyBytesPerSecond;
};

}  // namespace kvscope::runtime
