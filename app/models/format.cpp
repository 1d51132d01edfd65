// SPDX-License-Identifier: Apache-2.0
#include "app/models/format.h"

#include <QLocale>
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/units.h"

namespace kvscope::models {

QString formatNumber(double value) {
    if (std::isnan(value)) {
        return QStringLiteral("–");
    }
    if (value == 0 || std::abs(value) >= 1e6 || std::abs(value) < 1e-4) {
        return QString::number(value, 'g', 3);
    }
    const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
    return QString::number(value, 'f', std::max(0, 2 - magnitude));
}

QString formatInteger(std::uint64_t value) {
    return QLocale(QLocale::English).toString(static_cast<qulonglong>(value));
}

QString formatQuantity(double value, Quantity quantity) {
    if (std::isnan(value)) {
        return QStringLiteral("–");
    }
    switch (quantity) {
        case Quantity::Bytes:
        case Quantity::BytesPerToken:
            return QString::fromStdString(formatBytes(static_cast<std::uint64_t>(std::max(0.0, value))));
        default:
            return formatNumber(value);
    }
}

QString formatTick(double value, Quantity quantity) {
    if (quantity != Quantity::Bytes && quantity != Quantity::BytesPerToken) {
        return QString::number(value, 'g', 4);
    }
    static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; unit + 1 < kUnits.size() && value >= 1024; ++unit) {
        value /= 1024;
    }
    return QString::number(value, 'g', 4) + "\u2009" + kUnits.at(unit);
}

QString unitOf(Quantity quantity) {
    switch (quantity) {
        case Quantity::Bytes:
            return QStringLiteral("bytes");
        case Quantity::BytesPerToken:
            return QStringLiteral("bytes / token");
        case Quantity::Ratio:
            return QStringLiteral("ratio");
        case Quantity::TokensPerSecond:
            return QStringLiteral("tokens / s");
        case Quantity::Nats:
            return QStringLiteral("nats");
    }
    return {};
}

double niceCeiling(double value, bool bytes) {
    if (!(value > 0) || std::isinf(value)) {
        return 1;
    }
    if (bytes) {
        double scale = 1;
        while (scale < value) {
            scale *= 2;
        }
        return scale;
    }
    const double decade = std::pow(10, std::floor(std::log10(value)));
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        if (factor * decade >= value * (1 - 1e-12)) {
            return factor * decade;
        }
    }
    return 10 * decade;
}

}  // namespace kvscope::models
