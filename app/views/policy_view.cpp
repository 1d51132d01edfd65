// SPDX-License-Identifier: Apache-2.0
#include "app/views/policy_view.h"

#include <QScrollArea>
#include <algorithm>
#include <array>

#include "app/models/format.h"
#include "app/models/layer_words.h"
#include "app/plots/palette.h"
#include "app/views/axis_box.h"

namespace kvscope::views {

using cache::Place;
using Mode = MemberControl::Mode;

namespace {

// The one member of a chain, for the parts of a policy that hold at most one.
std::optional<cache::Member> single(const cache::Chain& chain) {
    return chain.empty() ? std::nullopt : std::optional(chain.front());
}

cache::Chain chainOf(const std::optional<cache::Member>& member) {
    return member ? cache::Chain{*member} : cache::Chain{};
}

// f16 is what an unnamed encoding is.
cache::Chain encodeChain(const MemberControl& transforms, const MemberControl& type) {
    cache::Chain chain = transforms.chain();
    for (auto& member : type.chain()) {
        if (member.name != "f16" || !chain.empty()) {
            chain.push_back(std::move(member));
        }
    }
    return chain;
}

}  // namespace

PolicyView::PolicyView(ViewContext& context, QWidget* parent) : View(context, parent) {
    auto* area = new QScrollArea(this);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* inner = new QWidget(area);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(0, 0, 8, 0);
    column->setSpacing(10);
    createAxes(column);
    m_problem = new QLabel(inner);
    m_problem->setObjectName("problem");
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    column->addWidget(m_problem);
    column->addStretch(1);
    area->setWidget(inner);
    m_saving = new QLabel(this);
    m_saving->setFont(plots::wordFont(12));
    m_saving->setWordWrap(true);
    m_saving->setToolTip(
        "1 − bytes used / bytes of an f16 cache as the architecture stores it, after the newest step.");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 4, 8);
    layout->addWidget(area, 1);
    layout->addWidget(m_saving);
    connect(&context.policy, &models::PolicyModel::changed, this, &PolicyView::readModel);
    readModel();
    setAccessibleName("Policy");
}

QVBoxLayout* PolicyView::addAxis(QVBoxLayout* column, trace::Axis axis, const QString& title) {
    auto* box = new AxisBox(axis, title, this);
    column->addWidget(box);
    return box->content();
}

MemberControl* PolicyView::add(QVBoxLayout* axis, Place place, Mode mode, const QString& title, const QString& none) {
    auto* control = new MemberControl(place, mode, title, none, this);
    if (control->isEmpty()) {
        control->setParent(this);
        control->hide();
    } else {
        axis->addWidget(control);
    }
    connect(control, &MemberControl::edited, this, &PolicyView::writeModel);
    return control;
}

void PolicyView::createAxes(QVBoxLayout* column) {
    const auto explainNone = [this](QVBoxLayout* axis, const QString& text) {
        auto* label = new QLabel(text, this);
        label->setObjectName("secondary");
        label->setFont(plots::wordFont(11));
        label->setWordWrap(true);
        axis->addWidget(label);
        return label;
    };
    auto* share = addAxis(column, trace::Axis::Share, "Share — who lives together");
    m_share = add(share, Place::Share, Mode::Many, "method");
    if (m_share->isEmpty()) {
        m_nativeShare = explainNone(share, "as the architecture shares (query heads on KV heads)");
    }
    auto* encode = addAxis(column, trace::Axis::Encode, "Encode — how a row is stored");
    m_keyType = add(encode, Place::EncodeType, Mode::One, "keys");
    m_keyTransforms = add(encode, Place::EncodeTransform, Mode::Many, "keys");
    m_valueType = add(encode, Place::EncodeType, Mode::One, "values");
    m_valueTransforms = add(encode, Place::EncodeTransform, Mode::Many, "values");
    auto* keep = addAxis(column, trace::Axis::Keep, "Keep — what stays resident");
    m_protectors = add(keep, Place::KeepProtector, Mode::Many, "protect");
    m_scorer = add(keep, Place::KeepScorer, Mode::One, "score", "none");
    m_budget = add(keep, Place::Budget, Mode::One, "budget", "uniform");
    m_schedule = add(keep, Place::Schedule, Mode::One, "schedule", "default");
    m_fate = add(keep, Place::Fate, Mode::One, "loser", "drop");
    auto* read = addAxis(column, trace::Axis::Read, "Read — what a query touches");
    m_read = add(read, Place::Read, Mode::One, "method", "all rows");
    if (m_read->isEmpty()) {
        m_nativeRead = explainNone(read, "all resident rows");
    }
}

void PolicyView::readModel() {
    const auto& model = context().policy;
    m_problem->setText(model.problem().isEmpty() ? model.remarks() : model.problem());
    m_problem->setVisible(!m_problem->text().isEmpty());
    if (!model.policy()) {
        return;  // the controls keep the last value that made sense
    }
    m_reading = true;
    const cache::CachePolicy& policy = *model.policy();
    m_share->show(policy.share);
    m_keyTransforms->show(policy.encode.key);
    m_valueTransforms->show(policy.encode.value);
    m_keyType->show({cache::Member{policy.storage(cache::Role::Key), {}}});
    m_valueType->show({cache::Member{policy.storage(cache::Role::Value), {}}});
    m_protectors->show(policy.keep.chain);
    m_scorer->show(policy.keep.chain);
    m_budget->show(chainOf(policy.keep.budget));
    m_schedule->show(chainOf(policy.keep.schedule));
    m_fate->show(chainOf(policy.keep.fate));
    m_read->show(chainOf(policy.read));
    m_reading = false;
    emit factsChanged(nature());
}

void PolicyView::writeModel() {
    if (m_reading) {
        return;
    }
    cache::CachePolicy policy = context().policy.policy().value_or(cache::CachePolicy{});
    policy.exact = false;
    policy.share = m_share->chain();
    policy.encode.key = encodeChain(*m_keyTransforms, *m_keyType);
    policy.encode.value = encodeChain(*m_valueTransforms, *m_valueType);
    policy.keep.chain = m_protectors->chain();
    const cache::Chain scorer = m_scorer->chain();
    policy.keep.chain.insert(policy.keep.chain.end(), scorer.begin(), scorer.end());
    const bool keepsAll = policy.keep.chain.empty();
    policy.keep.budget = keepsAll ? std::nullopt : single(m_budget->chain());
    policy.keep.schedule = keepsAll ? std::nullopt : single(m_schedule->chain());
    policy.keep.fate = keepsAll ? std::nullopt : single(m_fate->chain());
    policy.read = single(m_read->chain());
    context().policy.setPolicy(policy);
}

QString PolicyView::nature() {
    const auto& policy = context().policy.policy();
    auto worst = cache::Nature::Native;
    const auto consider = [&](Place place, const cache::Chain& chain) {
        for (const auto& member : chain) {
            if (const auto* info = cache::findMember(place, member.name)) {
                worst = std::max(worst, info->nature);
            }
        }
    };
    if (policy) {
        consider(Place::Share, policy->share);
        for (const auto& chain : {policy->encode.key, policy->encode.value}) {
            consider(Place::EncodeType, chain);
            consider(Place::EncodeTransform, chain);
        }
        consider(Place::KeepProtector, policy->keep.chain);
        consider(Place::KeepScorer, policy->keep.chain);
        consider(Place::Read, chainOf(policy->read));
    }
    static constexpr std::array<const char*, 3> kWords{"native", "lossless", "approximate"};
    return kWords.at(static_cast<std::size_t>(worst));
}

// What the architecture itself does on the axes that no policy changes yet.
void PolicyView::showNative(const models::Snapshot& snapshot) {
    if (snapshot.history == nullptr || snapshot.generation == m_generation) {
        return;
    }
    m_generation = snapshot.generation;
    const auto structure = models::LayerStructure::of(snapshot.history->run());
    if (m_nativeShare != nullptr) {
        m_nativeShare->setText(models::nativeShare(structure));
    }
    if (m_nativeRead != nullptr) {
        m_nativeRead->setText(models::nativeRead(structure));
    }
}

bool PolicyView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    showNative(snapshot);
    const auto* bundle = snapshot.newest();
    if (bundle == nullptr || bundle->occupancy.empty() || bundle->occupancy.front().bytesNativeF16 == 0) {
        return false;
    }
    const auto& all = bundle->occupancy.front();
    const double saved = 1 - static_cast<double>(all.bytesUsed) / static_cast<double>(all.bytesNativeF16);
    const auto& colours = plots::Colours::current();
    const QString text = saved >= 0 ? QString("saves %1 % of what the architecture uses").arg(saved * 100, 0, 'f', 0)
                                    : QString("uses %1 % more than the architecture").arg(-saved * 100, 0, 'f', 0);
    if (m_saving->text() != text) {
        m_saving->setText(text);
        m_saving->setStyleSheet("color: " + (saved > 0 ? colours.keep : colours.secondary).name());
    }
    return false;
}

}  // namespace kvscope::views
