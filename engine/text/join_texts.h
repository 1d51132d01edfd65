// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace kvscope::text {

/// Texts joined at compile time: kJoined<kA, kB>. The parts are constants with a name at namespace scope.
template <const std::string_view&... kTexts>
struct JoinTexts {
    static constexpr std::size_t kSize = (std::size_t{0} + ... + kTexts.size());
    static constexpr std::array<char, kSize> kChars = [] {
        std::array<char, kSize> chars{};
        auto at = chars.begin();
        ((at = std::ranges::copy(kTexts, at).out), ...);
        return chars;
    }();
    static constexpr std::string_view kText{kChars.data(), kChars.size()};
};

template <const std::string_view&... kTexts>
inline constexpr std::string_view kJoined = JoinTexts<kTexts...>::kText;

}  // namespace kvscope::text
