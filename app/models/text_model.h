// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringDecoder>
#include <cstdint>
#include <vector>

#include "app/models/snapshot.h"

namespace kvscope::models {

/// A token as the text strip shows it.
struct ShownToken {
    QString text;  ///< decoded; a token that ends inside a character shows nothing, the next one shows it
    std::uint64_t position = 0;
    std::int32_t id = 0;
    float logProbability = 0;
    bool generated = false;
    bool evicted = false;  ///< not resident any more for the chosen head
};

/// The running text of sequence 0, with what a chosen (layer, KV head) still holds.
class TextModel {
  public:
    /// Reads what is new; true when something changed.
    bool update(const Snapshot& snapshot);
    /// Fates are those of this head from now on.
    void chooseHead(std::int32_t layer, std::int32_t kvHead);
    [[nodiscard]] const std::vector<ShownToken>& tokens() const { return m_tokens; }
    [[nodiscard]] std::uint64_t evicted() const { return m_evicted; }
    /// Counts restarts, so that a layout of older tokens is thrown away.
    [[nodiscard]] std::uint64_t revision() const { return m_revision; }

  private:
    struct Eviction {
        std::int32_t layer = -1;
        std::int32_t kvHead = -1;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    void read(const trace::StepBundle& bundle);
    void apply(const Eviction& eviction);

    HistoryCursor m_cursor;
    std::vector<ShownToken> m_tokens;
    std::vector<Eviction> m_evictions;
    QStringDecoder m_decoder{QStringDecoder::Utf8};
    std::int32_t m_layer = 0;
    std::int32_t m_kvHead = 0;
    std::uint64_t m_evicted = 0;
    std::uint64_t m_revision = 0;
};

}  // namespace kvscope::models
