// SPDX-License-Identifier: Apache-2.0
#include "app/models/traffic_model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "app/models/format.h"
#include "engine/base/units.h"

namespace kvscope::models {

namespace {

constexpr std::uint64_t kAveragedSteps = 16;

QString bytes(std::uint64_t count) {
    return QString::fromStdString(formatBytes(count));
}

}  // namespace

trace::BundlePtr bundleAt(const Snapshot& snapshot, std::optional<std::uint64_t> step) {
    if (snapshot.empty()) {
        return {};
    }
    const auto all = snapshot.history->bundles();
    if (!step) {
        return all.back();
    }
    const auto after = std::ranges::upper_bound(all, *step, {}, [](const auto& item) { return item->step.step; });
    return after == all.begin() ? all.front() : *std::prev(after);
}

TrafficFigures trafficFigures(const Snapshot& snapshot, std::optional<std::uint64_t> step) {
    TrafficFigures figures;
    const auto newest = bundleAt(snapshot, step);
    if (!newest) {
        return figures;
    }
    figures.phase = newest->step.phase;
    const auto all = snapshot.history->bundles();
    const auto end =
        std::ranges::upper_bound(all, newest->step.step, {}, [](const auto& item) { return item->step.step; });
    double tokens = 0;
    const std::uint64_t wanted = step ? 1 : kAveragedSteps;
    for (auto at = end; at != all.begin() && figures.steps < wanted;) {
        --at;
        const auto& bundle = **at;
        if (bundle.step.phase != figures.phase) {
            break;
        }
        for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
            const auto& entry = bundle.traffic.byCategory.at(i);
            figures.byCategory.at(i).read += static_cast<double>(entry.readRequested);
            figures.byCategory.at(i).unique += static_cast<double>(entry.readUnique);
            figures.byCategory.at(i).written += static_cast<double>(entry.written);
        }
        tokens += std::max<double>(1, bundle.step.tokens);
        ++figures.steps;
    }
    for (auto& entry : figures.byCategory) {
        entry.read /= std::max(1.0, tokens);
        entry.unique /= std::max(1.0, tokens);
        entry.written /= std::max(1.0, tokens);
    }
    return figures;
}

int KernelModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_bundle ? 0 : static_cast<int>(m_bundle->kernels.size());
}

int KernelModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

void KernelModel::show(trace::BundlePtr bundle) {
    const auto rows = bundle ? bundle->kernels.size() : 0;
    if (static_cast<int>(rows) != rowCount()) {
        beginResetModel();
        m_bundle = std::move(bundle);
        endResetModel();
    } else if (bundle != m_bundle) {
        m_bundle = std::move(bundle);
        if (rows > 0) {
            emit dataChanged(index(0, 0), index(static_cast<int>(rows) - 1, kColumns - 1));
        }
    }
}

QVariant KernelModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return static_cast<int>(Qt::AlignVCenter | (index.column() == Kernel ? Qt::AlignLeft : Qt::AlignRight));
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    const auto& kernel = m_bundle->kernels[static_cast<std::size_t>(index.row())];
    const auto moved = static_cast<double>(kernel.bytesRead + kernel.bytesWritten);
    constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
    switch (index.column()) {
        case Kernel:
            return QString::fromStdString(kernel.kernel);
        case Dispatches:
            return formatInteger(kernel.dispatches);
        case Read:
            return bytes(kernel.bytesRead);
        case Written:
            return bytes(kernel.bytesWritten);
        case Time:
            return kernel.gpuNs == 0 ? QString("–")
                                     : QString::fromStdString(formatNanoseconds(static_cast<double>(kernel.gpuNs)));
        case Bandwidth:
            return formatNumber(kernel.gpuNs == 0 ? kUnknown : moved / static_cast<double>(kernel.gpuNs));
        case Intensity:
            return formatNumber(moved <= 0 ? kUnknown : static_cast<double>(kernel.flops) / moved);
        default:
            return {};
    }
}

QVariant KernelModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) {
        return {};
    }
    struct Header {
        const char* title;
        const char* meaning;
    };
    static constexpr std::array<Header, kColumns> kHeaders{{
        {"kernel", "Shader that ran in this step."},
        {"runs", "Dispatches in this step."},
        {"read", "Bytes requested in this step."},
        {"written", "Bytes written in this step."},
        {"time", "Device time from timestamps; – = not measured."},
        {"GB/s", "(bytes read + written) / device time, 10⁹ bytes a second."},
        {"FLOP/B", "Arithmetic intensity: 2 × multiply–adds / bytes moved."},
    }};
    const auto& header = kHeaders.at(static_cast<std::size_t>(section));
    if (role == Qt::DisplayRole) {
        return QString::fromUtf8(header.title);
    }
    if (role == Qt::ToolTipRole) {
        return QString::fromUtf8(header.meaning);
    }
    if (role == Qt::TextAlignmentRole) {
        return static_cast<int>(Qt::AlignVCenter | (section == Kernel ? Qt::AlignLeft : Qt::AlignRight));
    }
    return {};
}

}  // namespace kvscope::models
