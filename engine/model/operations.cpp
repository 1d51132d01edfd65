// SPDX-License-Identifier: Apache-2.0
#include "engine/model/operations.h"

#include <algorithm>

namespace kvscope::model {
namespace {

std::uint32_t widest(const std::vector<std::uint32_t>& perLayer, std::uint32_t unit) {
    return perLayer.empty() ? 0 : *std::max_element(perLayer.begin(), perLayer.end()) * unit;
}

}  // namespace

std::uint32_t slotWidth(const Hparams& hparams, Slot slot) {
    switch (slot) {
        case Slot::Hidden:
        case Slot::Normed:
            return hparams.nEmbd;
        case Slot::Query:
            return widest(hparams.nHeads, hparams.headDimK);
        case Slot::Key:
            return widest(hparams.nKvHeads, hparams.headDimK);
        case Slot::Value:
            return widest(hparams.nKvHeads, hparams.headDimV);
        case Slot::Attention:
            return widest(hparams.nHeads, hparams.headDimV);
        case Slot::FeedForward:
            return widest(hparams.nFf, 1);
        case Slot::Logits:
            return hparams.nVocab;
    }
    return 0;
}

}  // namespace kvscope::model
