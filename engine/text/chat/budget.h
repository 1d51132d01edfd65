// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace kvscope::text {

/// How far a chat template may go. Templates come from files of strangers: each of these bounds ends in a sentence.
struct ChatLimits {
    std::size_t templateBytes = std::size_t{1} << 20;
    std::size_t outputBytes = std::size_t{16} << 20;
    /// Work units: 32 for an evaluated node, and about one for each byte that a value takes or that is looked at.
    /// The default takes at most a few seconds and about as many bytes of memory as units.
    std::uint64_t work = std::uint64_t{128} << 20;
    std::size_t nesting = 100;  ///< brackets and blocks within each other in the text
    std::size_t depth = 600;    ///< nodes within each other while rendering, calls of macros counted in
};

/// Depth of lists in lists that a value may have.
inline constexpr std::size_t kMaxValueDepth = 200;

/// A template cannot be read or rendered. Thrown inside engine/text/chat only; renderChat() makes an Error of it.
struct TemplateFault {
    std::string message;
    int line = 0;        ///< 0 = the innermost node that is being evaluated fills it in
    bool known = false;  ///< `message` is the template's own (raise_exception)
};

template <typename... Args>
[[noreturn]] void faultAt(int line, fmt::format_string<Args...> format, Args&&... args) {
    throw TemplateFault{fmt::format(format, std::forward<Args>(args)...), line, false};
}

template <typename... Args>
[[noreturn]] void fault(fmt::format_string<Args...> format, Args&&... args) {
    throw TemplateFault{fmt::format(format, std::forward<Args>(args)...), 0, false};
}

/// Counts work against its limit. One for a rendering.
class Budget {
  public:
    explicit Budget(const ChatLimits& limits) : m_left(limits.work) {}

    void charge(std::uint64_t units) {
        if (units > m_left) {
            m_left = 0;
            fault("the template takes more work than it is allowed; it loops or repeats too much");
        }
        m_left -= units;
    }

  private:
    std::uint64_t m_left;
};

}  // namespace kvscope::text
