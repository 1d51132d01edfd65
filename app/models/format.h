// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include "app/models/timeline_model.h"

namespace kvscope::models {

/// "1.21 MiB", "0.0143", "212": three significant digits, units after a thin space; "–" for NaN.
[[nodiscard]] QString formatQuantity(double value, Quantity quantity);
/// Three significant digits without trailing zeros and without an exponent where it can be avoided; "–" for NaN.
[[nodiscard]] QString formatNumber(double value);
/// "1,984": grouped digits.
[[nodiscard]] QString formatInteger(std::uint64_t value);
/// A scale's end without needless zeros: "8 MiB", "0.5", "200".
[[nodiscard]] QString formatTick(double value, Quantity quantity);
/// The unit as it stands on an axis: "B / token", "tokens/s", "nats"; empty for a ratio.
[[nodiscard]] QString unitOf(Quantity quantity);
/// The smallest "nice" number (1, 2, 5 × 10ⁿ; for bytes 1, 2, 4 … × 1024ⁿ) that is not below `value`, so that scales
/// grow by steps.
[[nodiscard]] double niceCeiling(double value, bool bytes);

}  // namespace kvscope::models
