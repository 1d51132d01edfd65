// SPDX-License-Identifier: Apache-2.0
#include "app/cli/interrupt.h"

#include <unistd.h>
#include <csignal>
#include <ctime>

#include "app/cli/command.h"

namespace kvscope::cli {

namespace {

sigset_t interruptSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

Interrupt::Interrupt() {
    const sigset_t signals = interruptSignals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    m_waiter = std::jthread([this](const std::stop_token& ended) { wait(ended); });
}

Interrupt::~Interrupt() {
    m_waiter.request_stop();
}

void Interrupt::wait(const std::stop_token& ended) {
    const sigset_t signals = interruptSignals();
    const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
    while (!ended.stop_requested()) {
        if (sigtimedwait(&signals, nullptr, &pause) < 0) continue;
        if (m_stop.stop_requested()) _exit(kExitInterrupted);
        m_stop.request_stop();
    }
}

}  // namespace kvscope::cli
