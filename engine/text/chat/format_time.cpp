// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/text/chat/functions.h"

namespace kvscope::text {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

template <std::size_t N>
std::string_view nameOf(const std::array<std::string_view, N>& names, int index) {
    return names[static_cast<std::size_t>(std::clamp(index, 0, static_cast<int>(N) - 1))];
}

int hour12(const std::tm& time) {
    return time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
}

/// padded: false for "%-d", which writes no leading zero.
std::string conversion(char kind, bool padded, const std::tm& time) {
    const auto two = [&](int value) { return padded ? fmt::format("{:02}", value) : fmt::format("{}", value); };
    switch (kind) {
        case 'd':
            return two(time.tm_mday);
        case 'e':
            return fmt::format("{:2}", time.tm_mday);
        case 'm':
            return two(time.tm_mon + 1);
        case 'y':
            return two(time.tm_year % 100);
        case 'Y':
            return fmt::format("{}", 1900 + time.tm_year);
        case 'H':
            return two(time.tm_hour);
        case 'I':
            return two(hour12(time));
        case 'M':
            return two(time.tm_min);
        case 'S':
            return two(time.tm_sec);
        case 'p':
            return time.tm_hour < 12 ? "AM" : "PM";
        case 'j':
            return padded ? fmt::format("{:03}", time.tm_yday + 1) : fmt::format("{}", time.tm_yday + 1);
        case 'a':
            return std::string(nameOf(kDays, time.tm_wday).substr(0, 3));
        case 'A':
            return std::string(nameOf(kDays, time.tm_wday));
        case 'b':
        case 'h':
            return std::string(nameOf(kMonths, time.tm_mon).substr(0, 3));
        case 'B':
            return std::string(nameOf(kMonths, time.tm_mon));
        case 'w':
            return fmt::format("{}", time.tm_wday);
        case 'F':
            return fmt::format("{}-{:02}-{:02}", 1900 + time.tm_year, time.tm_mon + 1, time.tm_mday);
        case 'T':
            return fmt::format("{:02}:{:02}:{:02}", time.tm_hour, time.tm_min, time.tm_sec);
        case '%':
            return "%";
        default:
            fault("strftime_now() does not know the conversion '%{}'", kind);
    }
}

}  // namespace

std::string formatTime(std::string_view format, const std::tm& time, Budget& budget) {
    std::string text;
    for (std::size_t at = 0; at < format.size(); ++at) {
        budget.charge(16);
        if (format[at] != '%') {
            text += format[at];
            continue;
        }
        ++at;
        const bool padded = at >= format.size() || format[at] != '-';
        if (!padded) ++at;
        if (at >= format.size()) fault("the format of strftime_now() ends in '%'");
        text += conversion(format[at], padded, time);
    }
    return text;
}

}  // namespace kvscope::text
