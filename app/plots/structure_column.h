// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QRectF>
#include <QString>

#include "app/models/layer_structure.h"

class QPainter;

namespace kvscope::plots {

/// Draws the past of a layer as a strip, oldest token left, newest right: solid where a row of every token is kept,
/// dots for compressed rows, half as high for a latent, hatched for rows of another layer.
void drawPastStrip(QPainter& painter, const QRectF& rect, models::LayerKind kind);
/// Diagonal lines: what a layer does not own.
void drawHatch(QPainter& painter, const QRectF& rect, const QColor& colour, double distance = 5);
/// What the strips mean, as tooltip.
[[nodiscard]] QString pastStripLegend();

/// The legend: each kind of layer with its strip, label and count. Returns how wide it became.
double drawStructureLegend(QPainter& painter, const QRectF& rect, const models::LayerStructure& structure);
/// Width that the labels of the layers need; 0 when the layers are not described.
[[nodiscard]] double structureLabelWidth(const models::LayerStructure& structure);

}  // namespace kvscope::plots
