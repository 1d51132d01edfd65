// SPDX-License-Identifier: Apache-2.0
#include "app/models/decision_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "app/models/format.h"
#include "engine/base/units.h"

namespace kvscope::models {

namespace {

constexpr std::size_t kOneByOne = 64;  // more new rows than this are sorted in at once

const trace::DecisionRecord& recordOf(const trace::BundlePtr& bundle, std::uint32_t index) {
    return bundle->decisions[index];
}

// NaN counts as less than every number, so that the order is total.
int compareNumbers(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) {
        return static_cast<int>(std::isnan(b)) - static_cast<int>(std::isnan(a));
    }
    return a < b ? -1 : static_cast<int>(a > b);
}

int compareColumn(const trace::DecisionRecord& a, const trace::DecisionRecord& b, int column) {
    switch (column) {
        case DecisionModel::Where: {
            const auto left = std::tuple(a.layer, a.kvHead);
            const auto right = std::tuple(b.layer, b.kvHead);
            return left < right ? -1 : static_cast<int>(left > right);
        }
        case DecisionModel::Axis:
            return static_cast<int>(a.axis) - static_cast<int>(b.axis);
        case DecisionModel::Text:
            return a.text.compare(b.text);
        case DecisionModel::Score:
            return compareNumbers(a.score, b.score);
        case DecisionModel::Predicted:
            return compareNumbers(a.predictedError, b.predictedError);
        case DecisionModel::Verified:
            return compareNumbers(a.verifiedError, b.verifiedError);
        case DecisionModel::Bytes:
            return a.bytes < b.bytes ? -1 : static_cast<int>(a.bytes > b.bytes);
        default:
            return 0;  // by arrival
    }
}

QString bytesText(std::int64_t bytes) {
    const auto size = static_cast<std::uint64_t>(bytes < 0 ? -bytes : bytes);
    return (bytes < 0 ? "−" : "") + QString::fromStdString(formatBytes(size));
}

}  // namespace

QString whereText(const trace::DecisionRecord& decision) {
    if (decision.layer < 0) {
        return decision.kvHead < 0 ? QString("all") : QString("h%1").arg(decision.kvHead);
    }
    return decision.kvHead < 0 ? QString("L%1").arg(decision.layer)
                               : QString("L%1 · h%2").arg(decision.layer).arg(decision.kvHead);
}

int DecisionModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_order.size());
}

int DecisionModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

const DecisionModel::Entry& DecisionModel::entry(int row) const {
    return m_entries[m_order[m_order.size() - 1 - static_cast<std::size_t>(row)]];
}

const trace::DecisionRecord& DecisionModel::decision(int row) const {
    return recordOf(entry(row).bundle, entry(row).index);
}

std::uint64_t DecisionModel::step(int row) const {
    return entry(row).bundle->step.step;
}

QVariant DecisionModel::display(const Entry& item, int column) const {
    const auto& record = recordOf(item.bundle, item.index);
    switch (column) {
        case Step:
            return formatInteger(item.bundle->step.step);
        case Where:
            return whereText(record);
        case Axis:
            return QString(trace::name(record.axis));
        case Text:
            return QString::fromStdString(record.text.empty() ? trace::name(record.kind) : record.text);
        case Score:
            return formatNumber(record.score);
        case Predicted:
            return formatNumber(record.predictedError);
        case Verified:
            return formatNumber(record.verifiedError);
        case Bytes:
            return bytesText(record.bytes);
        default:
            return {};
    }
}

QVariant DecisionModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    const Entry& item = entry(index.row());
    const auto& record = recordOf(item.bundle, item.index);
    switch (role) {
        case Qt::DisplayRole:
            return display(item, index.column());
        case Qt::TextAlignmentRole:
            return static_cast<int>(
                Qt::AlignVCenter |
                (index.column() == Step || index.column() >= Score ? Qt::AlignRight : Qt::AlignLeft));
        case AxisRole:
            return static_cast<int>(record.axis);
        case BreachRole:
            return record.verifiedError > record.threshold && index.column() == Verified;
        case Qt::ToolTipRole:
            return QString("%9\nstep %1 · %2 · %3\nrows %4 · positions %5 … %6\nscore %7 against threshold %8")
                .arg(formatInteger(item.bundle->step.step), QString(trace::name(record.kind)),
                     QString::fromStdString(record.method), formatInteger(record.rows),
                     formatInteger(record.positionFirst), formatInteger(record.positionLast),
                     formatNumber(record.score), formatNumber(record.threshold), QString::fromStdString(record.text));
        default:
            return {};
    }
}

QVariant DecisionModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) {
        return {};
    }
    struct Header {
        const char* title;
        const char* meaning;
    };
    static constexpr std::array<Header, kColumns> kHeaders{{
        {"step", "Forward pass before which the decision was taken."},
        {"where", "Layer and KV head; all = every one."},
        {"axis", "Axis of the policy that decided: share, encode, keep, read."},
        {"decision", "What was done."},
        {"score", "Score that decided, as the method defines it."},
        {"predicted", "Relative L2 error of attention that the method predicted."},
        {"verified", "Relative L2 error measured on recent queries; red = over the tolerance."},
        {"saved", "Bytes freed (negative: taken)."},
    }};
    const auto& header = kHeaders.at(static_cast<std::size_t>(section));
    if (role == Qt::DisplayRole) {
        return QString::fromUtf8(header.title);
    }
    if (role == Qt::ToolTipRole) {
        return QString::fromUtf8(header.meaning);
    }
    if (role == Qt::TextAlignmentRole) {
        return static_cast<int>(Qt::AlignVCenter |
                                (section == Step || section >= Score ? Qt::AlignRight : Qt::AlignLeft));
    }
    return {};
}

bool DecisionModel::isKnown(Column column) const {
    return column < Score || column > Verified || m_known.at(static_cast<std::size_t>(column));
}

bool DecisionModel::passes(const Entry& item) const {
    const auto& record = recordOf(item.bundle, item.index);
    if (m_filter.axis && record.axis != *m_filter.axis) {
        return false;
    }
    if (m_filter.layer >= 0 && record.layer >= 0 && record.layer != m_filter.layer) {
        return false;
    }
    if (m_filter.kvHead >= 0 && record.kvHead >= 0 && record.kvHead != m_filter.kvHead) {
        return false;
    }
    if (m_filter.text.isEmpty()) {
        return true;
    }
    const QString all = QString::fromStdString(record.text + " " + record.method) + " " + whereText(record) + " " +
                        trace::name(record.kind);
    return all.contains(m_filter.text, Qt::CaseInsensitive);
}

// The order of m_order: what is listed on top comes last.
bool DecisionModel::before(std::uint32_t a, std::uint32_t b) const {
    const int found = compareColumn(recordOf(m_entries[a].bundle, m_entries[a].index),
                                    recordOf(m_entries[b].bundle, m_entries[b].index), m_sortColumn);
    if (found == 0) {
        return m_sortOrder == Qt::DescendingOrder || m_sortColumn != Step ? a < b : a > b;
    }
    return m_sortOrder == Qt::DescendingOrder ? found < 0 : found > 0;
}

void DecisionModel::rebuild() {
    beginResetModel();
    m_order.clear();
    for (std::uint32_t i = 0; i < m_entries.size(); ++i) {
        if (passes(m_entries[i])) {
            m_order.push_back(i);
        }
    }
    std::ranges::sort(m_order, [this](auto a, auto b) { return before(a, b); });
    endResetModel();
}

void DecisionModel::sort(int column, Qt::SortOrder order) {
    m_sortColumn = column < 0 ? static_cast<int>(Step) : column;
    m_sortOrder = column < 0 ? Qt::DescendingOrder : order;
    rebuild();
}

void DecisionModel::setFilter(const DecisionFilter& filter) {
    if (!(filter == m_filter)) {
        m_filter = filter;
        rebuild();
    }
}

bool DecisionModel::update(const Snapshot& snapshot) {
    const auto news = m_cursor.advance(snapshot, 128);
    if (news.restarted) {
        beginResetModel();
        m_entries.clear();
        m_order.clear();
        m_total = 0;
        m_known = {};
        endResetModel();
    }
    std::vector<std::uint32_t> fresh;
    for (const auto& bundle : news.bundles) {
        for (std::uint32_t i = 0; i < bundle->decisions.size(); ++i) {
            m_entries.push_back({bundle, i});
            ++m_total;
            const auto& record = bundle->decisions[i];
            m_known[Score] = m_known[Score] || !std::isnan(record.score);
            m_known[Predicted] = m_known[Predicted] || !std::isnan(record.predictedError);
            m_known[Verified] = m_known[Verified] || !std::isnan(record.verifiedError);
            if (passes(m_entries.back())) {
                fresh.push_back(static_cast<std::uint32_t>(m_entries.size() - 1));
            }
        }
    }
    if (!fresh.empty()) {
        insert(fresh);
    }
    if (m_entries.size() > kKept) {
        forgetOldest();
    }
    return news.more;
}

void DecisionModel::insert(const std::vector<std::uint32_t>& fresh) {
    const bool newestFirst = m_sortColumn == Step && m_sortOrder == Qt::DescendingOrder;
    if (newestFirst) {
        beginInsertRows({}, 0, static_cast<int>(fresh.size()) - 1);
        m_order.insert(m_order.end(), fresh.begin(), fresh.end());
        endInsertRows();
    } else if (fresh.size() > kOneByOne) {
        rebuild();
    } else {
        for (const std::uint32_t item : fresh) {
            const auto at = std::ranges::upper_bound(m_order, item, [this](auto a, auto b) { return before(a, b); });
            const int row = static_cast<int>(m_order.end() - at);
            beginInsertRows({}, row, row);
            m_order.insert(at, item);
            endInsertRows();
        }
    }
}

void DecisionModel::forgetOldest() {
    m_entries.erase(m_entries.begin(), m_entries.begin() + static_cast<std::ptrdiff_t>(kKept / 4));
    rebuild();
}

}  // namespace kvscope::models
