// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/trace/history.h"

namespace kvscope::models {

/// What views see in one frame: the run so far, whether live or recorded. Valid during the call it is handed to; the
/// GUI thread owns the history.
struct Snapshot {
    const trace::History* history = nullptr;  ///< null = nothing has run yet
    std::uint64_t generation = 0;             ///< changes with every run; 0 = none
    std::uint64_t dropped = 0;                ///< records lost on the way

    [[nodiscard]] bool empty() const { return history == nullptr || history->empty(); }
    [[nodiscard]] std::size_t size() const { return history == nullptr ? 0 : history->bundles().size(); }
    [[nodiscard]] const trace::StepBundle* newest() const {
        return empty() ? nullptr : history->bundles().back().get();
    }
};

/// Remembers how far a model has read the history, so that a view that was hidden catches up in bounded pieces.
class HistoryCursor {
  public:
    struct News {
        bool restarted = false;                     ///< another run: forget what was read
        std::span<const trace::BundlePtr> bundles;  ///< to read now, in order
        bool more = false;                          ///< not everything fitted in `limit`
    };
    [[nodiscard]] News advance(const Snapshot& snapshot, std::size_t limit = 256) {
        News news;
        if (snapshot.generation != m_generation) {
            m_generation = snapshot.generation;
            m_next = 0;
            news.restarted = true;
        }
        if (snapshot.history != nullptr) {
            const auto all = snapshot.history->bundles();
            const std::size_t count = std::min(limit, all.size() - std::min(m_next, all.size()));
            news.bundles = all.subspan(std::min(m_next, all.size()), count);
            m_next += count;
            news.more = m_next < all.size();
        }
        return news;
    }

  private:
    std::uint64_t m_generation = 0;
    std::size_t m_next = 0;
};

}  // namespace kvscope::models
