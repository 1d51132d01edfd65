// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace kvscope::shell {

enum class Theme { System, Dark, Light };
[[nodiscard]] Theme themeFromName(const QString& name);
[[nodiscard]] QString nameOf(Theme theme);

/// Gives the application the colours and fonts of a theme. System follows the lightness of the palette that the
/// desktop gave at the start.
void applyTheme(Theme theme);

}  // namespace kvscope::shell
