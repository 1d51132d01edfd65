// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

#include "engine/text/chat/interpreter.h"

namespace kvscope::text {

/// Makes range, dict, namespace, raise_exception and strftime_now known to a rendering. now: local time.
void defineFunctions(Interpreter& interpreter, const std::tm& now);

/// A date as strftime writes it in English, for the conversions of Python's datetime that need no locale.
[[nodiscard]] std::string formatTime(std::string_view format, const std::tm& time, Budget& budget);

}  // namespace kvscope::text
