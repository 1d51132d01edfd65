// SPDX-License-Identifier: Apache-2.0
#include "app/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace kvscope::cli {

Progress::Progress() : m_terminal(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    clear();
}

void Progress::show(std::string_view what) {
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (!m_terminal || (m_shown && now - m_last < 100ms)) return;
    m_last = now;
    m_shown = true;
    fmt::print(stderr, "\r\x1b[K{}", what);
    std::fflush(stderr);
}

void Progress::clear() {
    if (m_shown) fmt::print(stderr, "\r\x1b[K");
    m_shown = false;
}

}  // namespace kvscope::cli
