// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QFont>

#include "app/models/timeline_model.h"
#include "engine/trace/records.h"

namespace kvscope::plots {

/// The colours of one theme (one colour an axis, everywhere). Widgets read the theme from the palette's lightness, so
/// a change of theme reaches them as an ordinary palette change.
struct Colours {
    bool dark = true;
    QColor window, panel, raised, line, text, secondary;
    QColor share, encode, keep, read, red;

    /// The theme that the application's palette has now.
    [[nodiscard]] static const Colours& current();
    [[nodiscard]] static const Colours& theme(bool dark);
    [[nodiscard]] QColor axis(trace::Axis axis) const;
    [[nodiscard]] QColor ink(models::Ink ink) const;
};

/// Cividis at t in 0 … 1: perceptually uniform, safe for the common colour-vision deficiencies.
[[nodiscard]] QColor cividis(double t);

/// Words: Inter, or the system's sans. Sizes 11, 12.5, 13, 16 pixels.
[[nodiscard]] QFont wordFont(double pixels = 12.5);
/// Numbers, tokens, policies: JetBrains Mono, or a monospaced fallback.
[[nodiscard]] QFont numberFont(double pixels = 12);

}  // namespace kvscope::plots
