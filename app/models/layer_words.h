// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "app/models/layer_structure.h"

namespace kvscope::models {

/// "full", "window 512", "reads layer 13", "CSA 4", "HCA 128", "latent": what a layer caches, in a few letters.
[[nodiscard]] QString layerLabel(const LayerStructure& structure, std::uint32_t layer);
/// The same in sentences, with the sizes of rows and heads.
[[nodiscard]] QString layerSentence(const LayerStructure& structure, std::uint32_t layer);
/// A kind of layer: the first layer of it, its label and how many there are; all borrowers are one kind.
struct LayerGroup {
    std::uint32_t first = 0;
    QString label;
    std::uint32_t count = 0;
};
/// The kinds of layers of the run: full, windows, latent, compressed, borrowers.
[[nodiscard]] std::vector<LayerGroup> layerGroups(const LayerStructure& structure);
/// A few lines about the whole model: "3 full + 12 windowed layers of 512", "20 layers read layers 13 and 14",
/// "latent 96 + 16"; empty when the layers are not described.
[[nodiscard]] QStringList structureLines(const LayerStructure& structure);
/// "MHA", "GQA 8:4", "MQA 8:1", "MLA, 8 heads", "GQA 16:8, 16:2": how query heads share rows.
[[nodiscard]] QString headSharing(const LayerStructure& structure);
/// "native: GQA 8:4; 2 layers read layers 2 and 3": which heads and layers share rows before any policy.
[[nodiscard]] QString nativeShare(const LayerStructure& structure);
/// "native: all resident rows", or that an indexer chooses among compressed ones.
[[nodiscard]] QString nativeRead(const LayerStructure& structure);
/// Why the layer has no value of this metric, in a few words: "reads layer 13", "no compressed rows"; empty if it has.
[[nodiscard]] QString whyNone(const LayerStructure& structure, std::uint32_t layer, trace::HeadMetric metric);

}  // namespace kvscope::models
