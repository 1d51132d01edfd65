// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

namespace kvscope::cli {

/// One line on stderr that is written anew, a few times a second, and only when stderr is a terminal.
class Progress {
  public:
    Progress();
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::string_view what);
    /// Takes the line away; also done by the destructor.
    void clear();

  private:
    bool m_terminal;
    bool m_shown = false;
    std::chrono::steady_clock::time_point m_last;
};

}  // namespace kvscope::cli
