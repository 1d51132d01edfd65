// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractTableModel>
#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "app/models/snapshot.h"
#include "engine/trace/records.h"

namespace kvscope::models {

/// Bytes per token by category, over the newest steps of the newest step's phase (or at one step).
struct TrafficFigures {
    struct Entry {
        double read = 0;     ///< requested bytes per token
        double unique = 0;   ///< distinct bytes per token
        double written = 0;  ///< bytes per token
    };
    std::array<Entry, trace::kTrafficCategories> byCategory{};
    std::uint64_t steps = 0;  ///< that were averaged; 0 = nothing known
    trace::Phase phase = trace::Phase::Decode;
};
[[nodiscard]] TrafficFigures trafficFigures(const Snapshot& snapshot, std::optional<std::uint64_t> step);

/// The kernels of a step: dispatches, bytes and time.
class KernelModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    enum Column { Kernel = 0, Dispatches, Read, Written, Time, Bandwidth, Intensity, kColumns };
    explicit KernelModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void show(trace::BundlePtr bundle);

  private:
    trace::BundlePtr m_bundle;
};

/// The bundle of a step, or the newest one that carries kernels; null when there is none.
[[nodiscard]] trace::BundlePtr bundleAt(const Snapshot& snapshot, std::optional<std::uint64_t> step);

}  // namespace kvscope::models
