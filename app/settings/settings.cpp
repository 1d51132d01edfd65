// SPDX-License-Identifier: Apache-2.0
#include "app/settings/settings.h"

#include <array>

namespace kvscope::settings {

namespace {
constexpr int kRecentFiles = 10;
}

std::span<const SettingInfo> settingInfos() {
    static constexpr std::array<SettingInfo, 10> kTable{{
        {Key::Theme, "theme", "system", "Colours of the window: system, dark or light."},
        {Key::Policy, "policy", "encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256)", "Cache policy of a new run."},
        {Key::Speed, "speed", "40", "Decode steps a second at most; 0 = as fast as the device goes."},
        {Key::ContextLength, "contextLength", "0", "Rows a sequence may reach; 0 = what the model was trained on."},
        {Key::ErrorEvery, "errorEvery", "8", "The error probe runs on every n-th step; 0 = off."},
        {Key::ExactLane, "exactLane", "true", "Runs `exact` on the same tokens in lockstep, for the KL of each step."},
        {Key::Prompt, "prompt", "", "Text a run starts with; empty = the built-in passage."},
        {Key::Temperature, "temperature", "0", "Sampling temperature; 0 = the most likely token."},
        {Key::Seed, "seed", "0", "Seed of the sampler; the same seed gives the same tokens."},
        {Key::RecentFiles, "recentFiles", "", "Models and traces opened last."},
    }};
    return kTable;
}

Settings::Settings(Store store, QObject* parent) : QObject(parent) {
    if (store == Store::File) {
        m_file = std::make_unique<QSettings>();
    }
}

QVariant Settings::read(const QString& name) const {
    return m_file ? m_file->value(name) : m_memory.value(name);
}

void Settings::write(const QString& name, const QVariant& value) {
    if (m_file) {
        m_file->setValue(name, value);
    } else {
        m_memory.insert(name, value);
    }
}

QVariant Settings::value(Key key) const {
    const SettingInfo& info = settingInfos()[static_cast<std::size_t>(key)];
    const QVariant stored = read(info.name);
    return stored.isValid() ? stored : QVariant(QString::fromUtf8(info.fallback));
}

void Settings::set(Key key, const QVariant& value) {
    if (this->value(key) != value) {
        write(settingInfos()[static_cast<std::size_t>(key)].name, value);
        emit changed(key);
    }
}

QStringList Settings::recentFiles() const {
    QStringList files = value(Key::RecentFiles).toStringList();
    files.removeAll(QString());
    return files;
}

void Settings::addRecentFile(const QString& path) {
    QStringList files = recentFiles();
    files.removeAll(path);
    files.prepend(path);
    set(Key::RecentFiles, QStringList(files.mid(0, kRecentFiles)));
}

QByteArray Settings::layout(const QString& name) const {
    return read("layout/" + name).toByteArray();
}

void Settings::setLayout(const QString& name, const QByteArray& state) {
    write("layout/" + name, state);
}

}  // namespace kvscope::settings
