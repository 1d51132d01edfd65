// SPDX-License-Identifier: Apache-2.0
#include "app/views/model_view.h"

#include <QGridLayout>
#include <QRegularExpression>
#include <algorithm>
#include <array>

#include "app/models/format.h"
#include "app/models/layer_words.h"
#include "app/plots/palette.h"
#include "engine/base/units.h"

namespace kvscope::views {

ModelView::ModelView(ViewContext& context, QWidget* parent) : View(context, parent) {
    static constexpr std::array<const char*, kRows> kNames{"model",    "architecture", "native", "heads",
                                                           "weights",  "cache, f16",   "as MHA", "position",
                                                           "resident", "device"};
    auto* layout = new QGridLayout(this);
    layout->setContentsMargins(12, 0, 12, 8);
    layout->setVerticalSpacing(3);
    layout->setColumnStretch(1, 1);
    for (int row = 0; row < kRows; ++row) {
        Fact fact{new QLabel(kNames.at(static_cast<std::size_t>(row)), this), new QLabel(this), {}, row == Native};
        fact.name->setObjectName("secondary");
        fact.name->setFont(plots::wordFont(12));
        fact.value->setFont(fact.wraps ? plots::wordFont(11.5) : plots::numberFont(11.5));
        fact.value->setWordWrap(fact.wraps);
        fact.value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        QSizePolicy policy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        policy.setHeightForWidth(fact.wraps);
        fact.value->setSizePolicy(policy);
        layout->addWidget(fact.name, row, 0, fact.wraps ? Qt::AlignTop : Qt::Alignment());
        layout->addWidget(fact.value, row, 1);
        m_facts.push_back(fact);
        fact.name->hide();
        fact.value->hide();
    }
    m_empty = new QLabel("No model is open.\nDrop a .gguf file on the window, or press Ctrl+O.", this);
    m_empty->setObjectName("secondary");
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    layout->addWidget(m_empty, kRows, 0, 1, 2);
    layout->setRowStretch(kRows + 1, 1);
    setAccessibleName("Facts of the model");
}

void ModelView::set(Row row, const QString& value, const QString& tip) {
    auto& fact = m_facts[row];
    fact.name->setVisible(!value.isEmpty());
    fact.value->setVisible(!value.isEmpty());
    if (fact.shown != value) {
        fact.shown = value;
        elide(fact);
        fact.value->setToolTip(tip.isEmpty() ? value : tip);
        fact.value->setAccessibleName(fact.name->text() + " " + value);
    }
}

void ModelView::elide(const Fact& fact) {
    if (fact.wraps) {
        // Parts of a sum stay whole, and numbers stay with the word before them.
        static const QRegularExpression kInPart("(?<!\\+) (?!\\+)");
        static const QRegularExpression kBeforeNumber(" (?=[0-9])");
        QStringList lines = fact.shown.split('\n');
        for (QString& line : lines) {
            line.replace(line.contains(" + ") ? kInPart : kBeforeNumber, QString(QChar::Nbsp));
        }
        fact.value->setText(lines.join('\n'));
        return;
    }
    int names = 0;
    for (const auto& other : m_facts) {
        names = std::max(names, other.name->sizeHint().width());
    }
    const int room = std::max(40, width() - 24 - names - 12);
    fact.value->setText(fact.value->fontMetrics().elidedText(fact.shown, Qt::ElideRight, room));
}

void ModelView::resizeEvent(QResizeEvent* event) {
    View::resizeEvent(event);
    for (const auto& fact : m_facts) {
        elide(fact);
    }
}

void ModelView::showRun(const trace::RunInfo& run) {
    m_empty->hide();
    set(Name, QString::fromStdString(run.modelName), QString::fromStdString(run.modelPath));
    showStructure(run);
    set(Weights, QString::fromStdString(formatBytes(run.modelBytes)), QString::fromStdString(run.weightTypes));
    set(Device, QString::fromStdString(run.deviceName) + (run.deviceIsCpu ? " (CPU)" : ""),
        QString::fromStdString(run.deviceName + "\n" + run.driver) +
            (run.deviceIsCpu ? "\nA CPU implementation of Vulkan: its speed is that of the processor." : ""));
    emit factsChanged(QString::fromStdString(run.mathMode));
}

// What the architecture itself caches, and what that saves against a row for every query head and layer.
void ModelView::showStructure(const trace::RunInfo& run) {
    const auto structure = models::LayerStructure::of(run);
    set(Architecture, QString("%1 (%2)").arg(QString::fromStdString(run.architecture), models::headSharing(structure)));
    QStringList sentences;
    for (const auto& group : models::layerGroups(structure)) {
        sentences.append(
            QString("%1 ×%2\n%3").arg(group.label).arg(group.count).arg(models::layerSentence(structure, group.first)));
    }
    set(Native, models::structureLines(structure).join("\n"), sentences.join("\n\n"));
    set(Shape, QString("%1 L × %2 KV × %3").arg(run.nLayers).arg(run.nKvHeads).arg(run.headDim),
        QString("%1 layers, %2 query heads on %3 KV heads of %4 values each%5")
            .arg(run.nLayers)
            .arg(run.nHeads)
            .arg(run.nKvHeads)
            .arg(run.headDim)
            .arg(structure.known() ? " (the widest layer; the map tells each layer's own)" : ""));
    const auto native = run.bytesPerTokenNativeF16;
    const auto mha = run.bytesPerTokenMhaF16;
    set(Cache, models::formatInteger(native) + "\u2009B / token",
        QString("What one token adds to an f16 cache as the architecture stores it, while no window is full: %1 B.\n"
                "Rows behind a window are dropped, so a long context takes less than this for each token.")
            .arg(models::formatInteger(native)));
    const double times = native == 0 ? 0 : static_cast<double>(mha) / static_cast<double>(native);
    set(Mha,
        models::formatInteger(mha) + "\u2009B / token" +
            (times > 1 ? QString(" (%1×)").arg(models::formatNumber(times)) : QString()),
        QString("Multi-head attention: the same with own rows for every query head and layer, in f16: %1 B a token.\n"
                "The architecture itself stores %2 of that, before any policy.")
            .arg(models::formatInteger(mha),
                 times > 0 ? QString("%1 %").arg(models::formatNumber(100 / times)) : QString("an unknown part")));
}

bool ModelView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    if (snapshot.history == nullptr) {
        return false;
    }
    const auto& run = snapshot.history->run();
    if (snapshot.generation != m_generation) {
        m_generation = snapshot.generation;
        showRun(run);
    }
    if (const auto* bundle = snapshot.newest()) {
        set(Position, models::formatInteger(bundle->step.position) + " of " + models::formatInteger(run.contextLength),
            "Rows seen so far, of the rows this run may reach.");
        if (!bundle->occupancy.empty()) {
            const auto& all = bundle->occupancy.front();
            set(Resident, QString::fromStdString(formatBytes(all.bytesUsed)),
                QString("%1 rows in all heads use %2; %3 allocated; an f16 cache of this architecture would use %4.")
                    .arg(models::formatInteger(all.physicalRows), QString::fromStdString(formatBytes(all.bytesUsed)),
                         QString::fromStdString(formatBytes(all.bytesAllocated)),
                         QString::fromStdString(formatBytes(all.bytesNativeF16))));
        }
    }
    return false;
}

}  // namespace kvscope::views
