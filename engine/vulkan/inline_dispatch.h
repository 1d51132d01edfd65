// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kvscope::vulkan {

/// While it lives, Mesa's CPU implementation (llvmpipe), when its device is first listed, is told to run dispatches on
/// the submitting thread (LP_NUM_THREADS=0) instead of waking a pool of threads. Waking costs 25 to 90 µs a dispatch,
/// which is more than the work of a dispatch of a small model. Does nothing when not wanted, or when the user has set
/// the variable; other drivers ignore it. Changes the environment: construct it where no other thread reads it.
class InlineDispatch {
  public:
    explicit InlineDispatch(bool wanted);
    ~InlineDispatch();
    InlineDispatch(const InlineDispatch&) = delete;
    InlineDispatch& operator=(const InlineDispatch&) = delete;
    /// True when the variable was set here.
    [[nodiscard]] bool active() const { return m_active; }

  private:
    bool m_active = false;
};

}  // namespace kvscope::vulkan
