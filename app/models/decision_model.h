// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/models/snapshot.h"
#include "engine/trace/records.h"

namespace kvscope::models {

/// Which decisions are listed.
struct DecisionFilter {
    std::optional<trace::Axis> axis;
    QString text;              ///< words that the decision, its method or its place must contain
    std::int32_t layer = -1;   ///< -1 = all
    std::int32_t kvHead = -1;  ///< -1 = all
    bool operator==(const DecisionFilter&) const = default;
};

/// The decisions of a run as a table, the newest first unless sorted otherwise. Sorting and filtering happen here, in
/// step with the stream, so that a frame costs only what is new.
class DecisionModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    enum Column { Step = 0, Where, Axis, Text, Score, Predicted, Verified, Bytes, kColumns };
    enum Role { AxisRole = Qt::UserRole, BreachRole, SortRole };

    explicit DecisionModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void sort(int column, Qt::SortOrder order) override;

    /// Reads what is new; true when more waits for the next frame.
    bool update(const Snapshot& snapshot);
    void setFilter(const DecisionFilter& filter);
    [[nodiscard]] const DecisionFilter& filter() const { return m_filter; }
    /// All decisions of the run so far, listed or not.
    [[nodiscard]] std::uint64_t total() const { return m_total; }
    [[nodiscard]] const trace::DecisionRecord& decision(int row) const;
    [[nodiscard]] std::uint64_t step(int row) const;
    /// False for a column of figures (score, predicted, verified) that no decision of the run has given.
    [[nodiscard]] bool isKnown(Column column) const;

  private:
    static constexpr std::size_t kKept = 200000;  ///< the oldest are forgotten beyond this
    struct Entry {
        trace::BundlePtr bundle;
        std::uint32_t index = 0;
    };
    [[nodiscard]] const Entry& entry(int row) const;
    [[nodiscard]] bool passes(const Entry& entry) const;
    [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const;
    [[nodiscard]] QVariant display(const Entry& entry, int column) const;
    void rebuild();
    void forgetOldest();
    void insert(const std::vector<std::uint32_t>& fresh);

    HistoryCursor m_cursor;
    std::vector<Entry> m_entries;        ///< in the order of arrival
    std::vector<std::uint32_t> m_order;  ///< listed entries, the last one on top
    DecisionFilter m_filter;
    std::uint64_t m_total = 0;
    std::array<bool, kColumns> m_known{};
    int m_sortColumn = Step;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
};

/// "L3 · h2", "L3", "all": where a decision was taken.
[[nodiscard]] QString whereText(const trace::DecisionRecord& decision);

}  // namespace kvscope::models
