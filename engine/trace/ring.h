// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "engine/trace/records.h"

namespace kvscope::trace {

/// Bounded queue from the engine thread to one reader that pulls (the GUI). When full, the oldest record is dropped
/// and counted: the engine never waits for a window.
class Ring {
  public:
    explicit Ring(std::size_t capacity) : m_capacity(capacity) {}
    void push(BundlePtr bundle);
    /// Takes everything that waits, oldest first.
    [[nodiscard]] std::vector<BundlePtr> take();
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    const std::size_t m_capacity;
    mutable std::mutex m_mutex;
    std::deque<BundlePtr> m_waiting;
    std::uint64_t m_dropped = 0;
};

}  // namespace kvscope::trace
