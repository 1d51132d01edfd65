// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/ring.h"

#include <iterator>

namespace kvscope::trace {

void Ring::push(BundlePtr bundle) {
    BundlePtr oldest;  // freed after the lock is given back
    const std::scoped_lock lock(m_mutex);
    if (m_capacity == 0) {
        ++m_dropped;
        return;
    }
    if (m_waiting.size() >= m_capacity) {
        oldest = std::move(m_waiting.front());
        m_waiting.pop_front();
        ++m_dropped;
    }
    m_waiting.push_back(std::move(bundle));
}

std::vector<BundlePtr> Ring::take() {
    std::deque<BundlePtr> taken;
    {
        const std::scoped_lock lock(m_mutex);
        taken.swap(m_waiting);
    }
    return {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
}

std::uint64_t Ring::dropped() const {
    const std::scoped_lock lock(m_mutex);
    return m_dropped;
}

}  // namespace kvscope::trace
