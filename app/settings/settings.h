// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSettings>
#include <QStringList>
#include <QVariant>
#include <memory>
#include <span>

namespace kvscope::settings {

enum class Key { Theme, Policy, Speed, ContextLength, ErrorEvery, ExactLane, Prompt, Temperature, Seed, RecentFiles };

/// One setting: the only source for its key, default, and what is said about it.
struct SettingInfo {
    Key key;
    const char* name;      ///< key in the settings file
    const char* fallback;  ///< default, as text
    const char* sentence;  ///< what it does
};
[[nodiscard]] std::span<const SettingInfo> settingInfos();

/// The user's settings. Kept in the settings file of the desktop, or in memory only (scripted runs, tests). Owned by
/// main, used by the GUI thread.
class Settings : public QObject {
    Q_OBJECT
  public:
    enum class Store { File, Memory };
    explicit Settings(Store store, QObject* parent = nullptr);
    [[nodiscard]] QVariant value(Key key) const;
    void set(Key key, const QVariant& value);
    /// The newest first, at most ten.
    [[nodiscard]] QStringList recentFiles() const;
    void addRecentFile(const QString& path);
    /// Window geometry and dock layout, by name.
    [[nodiscard]] QByteArray layout(const QString& name) const;
    void setLayout(const QString& name, const QByteArray& state);

  signals:
    void changed(kvscope::settings::Key key);

  private:
    [[nodiscard]] QVariant read(const QString& name) const;
    void write(const QString& name, const QVariant& value);

    std::unique_ptr<QSettings> m_file;  ///< null = in memory
    QVariantMap m_memory;
};

}  // namespace kvscope::settings
