// SPDX-License-Identifier: Apache-2.0
#include "app/plots/palette.h"

#include <QGuiApplication>
#include <QPalette>
#include <QStringList>
#include <algorithm>
#include <array>
#include <cmath>

namespace kvscope::plots {

namespace {

Colours darkTheme() {
    Colours c;
    c.dark = true;
    c.window = QColor("#16181D");
    c.panel = QColor("#1E2128");
    c.raised = QColor("#2A2E37");
    c.line = QColor("#2E323C");
    c.text = QColor("#E6E8EC");
    c.secondary = QColor("#9AA1AD");
    c.share = QColor("#56B4E9");
    c.encode = QColor("#E69F00");
    c.keep = QColor("#2BB38A");
    c.read = QColor("#CC79A7");
    c.red = QColor("#E5484D");
    return c;
}

// Axis colours are darkened until they have a contrast of 4.5:1 on white, since they also write text.
Colours lightTheme() {
    Colours c;
    c.dark = false;
    c.window = QColor("#F6F7F9");
    c.panel = QColor("#FFFFFF");
    c.raised = QColor("#EEF0F3");
    c.line = QColor("#DADDE3");
    c.text = QColor("#1B1E24");
    c.secondary = QColor("#5B6270");
    c.share = QColor("#1F76AB");
    c.encode = QColor("#A06400");
    c.keep = QColor("#157F60");
    c.read = QColor("#A34C7C");
    c.red = QColor("#C4262B");
    return c;
}

QFont family(const QStringList& families, QFont::StyleHint hint, double pixels) {
    QFont font;
    font.setFamilies(families);
    font.setStyleHint(hint);
    font.setPixelSize(std::max(1, static_cast<int>(std::lround(pixels))));
    return font;
}

}  // namespace

const Colours& Colours::theme(bool dark) {
    static const Colours kDark = darkTheme();
    static const Colours kLight = lightTheme();
    return dark ? kDark : kLight;
}

const Colours& Colours::current() {
    return theme(QGuiApplication::palette().color(QPalette::Window).lightness() < 128);
}

QColor Colours::axis(trace::Axis axis) const {
    switch (axis) {
        case trace::Axis::Share:
            return share;
        case trace::Axis::Encode:
            return encode;
        case trace::Axis::Keep:
            return keep;
        case trace::Axis::Read:
            return read;
        case trace::Axis::Native:
            return secondary;
    }
    return secondary;
}

QColor Colours::ink(models::Ink ink) const {
    switch (ink) {
        case models::Ink::Share:
            return share;
        case models::Ink::Encode:
            return encode;
        case models::Ink::Keep:
            return keep;
        case models::Ink::Read:
            return read;
        case models::Ink::Grey:
            return secondary;
        case models::Ink::Red:
            return red;
        case models::Ink::Text:
            return text;
    }
    return text;
}

QColor cividis(double t) {
    // Seventeen equidistant points of the published colour map, interpolated linearly.
    static constexpr std::array<std::array<int, 3>, 17> kPoints{{{0, 32, 77},
                                                                 {0, 41, 103},
                                                                 {0, 51, 111},
                                                                 {37, 61, 108},
                                                                 {60, 71, 108},
                                                                 {76, 82, 108},
                                                                 {91, 92, 110},
                                                                 {105, 103, 113},
                                                                 {124, 123, 120},
                                                                 {134, 131, 120},
                                                                 {148, 142, 119},
                                                                 {165, 156, 116},
                                                                 {183, 168, 109},
                                                                 {201, 182, 99},
                                                                 {219, 197, 87},
                                                                 {237, 212, 75},
                                                                 {255, 234, 70}}};
    const double at = std::clamp(std::isnan(t) ? 0.0 : t, 0.0, 1.0) * (kPoints.size() - 1);
    const auto low = std::min<std::size_t>(static_cast<std::size_t>(at), kPoints.size() - 2);
    const double f = at - static_cast<double>(low);
    const auto mix = [&](std::size_t channel) {
        return static_cast<int>(std::lround(kPoints[low][channel] * (1 - f) + kPoints[low + 1][channel] * f));
    };
    return {mix(0), mix(1), mix(2)};
}

QFont wordFont(double pixels) {
    return family({"Inter", "Noto Sans", "DejaVu Sans"}, QFont::SansSerif, pixels);
}

QFont numberFont(double pixels) {
    return family({"JetBrains Mono", "DejaVu Sans Mono", "Liberation Mono"}, QFont::Monospace, pixels);
}

}  // namespace kvscope::plots
