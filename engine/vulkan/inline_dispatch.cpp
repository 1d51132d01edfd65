// SPDX-License-Identifier: Apache-2.0
#include "engine/vulkan/inline_dispatch.h"

#include <cstdlib>

namespace kvscope::vulkan {

namespace {

constexpr const char* kThreads = "LP_NUM_THREADS";

}  // namespace

InlineDispatch::InlineDispatch(bool wanted) : m_active(wanted && std::getenv(kThreads) == nullptr) {
    if (m_active) setenv(kThreads, "0", 1);
}

InlineDispatch::~InlineDispatch() {
    if (m_active) unsetenv(kThreads);
}

}  // namespace kvscope::vulkan
