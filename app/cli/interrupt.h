// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <thread>

namespace kvscope::cli {

/// Turns SIGINT and SIGTERM into a stop request; the second one ends the process at once with exit code 130. To be made
/// before any other thread, so that all inherit the blocked signals.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    [[nodiscard]] std::stop_token token() const { return m_stop.get_token(); }

  private:
    void wait(const std::stop_token& ended);

    std::stop_source m_stop;
    std::jthread m_waiter;
};

}  // namespace kvscope::cli
