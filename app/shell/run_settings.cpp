// SPDX-License-Identifier: Apache-2.0
#include "app/shell/run_settings.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QStandardPaths>

namespace kvscope::shell {

QString defaultPrompt() {
    QFile file(":/texts/recall-1000.txt");
    if (!file.open(QIODevice::ReadOnly)) {
        return "The sign of Hebron was lions.\nWhat was the sign of Hebron? The sign of Hebron was";
    }
    QString text = QString::fromUtf8(file.readAll());
    while (text.endsWith('\n')) {
        text.chop(1);
    }
    return text;
}

bridge::RunSettings runSettings(const settings::Settings& settings) {
    using settings::Key;
    bridge::RunSettings run;
    run.policy = settings.value(Key::Policy).toString().toStdString();
    const QString prompt = settings.value(Key::Prompt).toString();
    run.prompt = (prompt.isEmpty() ? defaultPrompt() : prompt).toStdString();
    run.contextLength = settings.value(Key::ContextLength).toUInt();
    run.errorEvery = settings.value(Key::ErrorEvery).toUInt();
    run.exactLane = settings.value(Key::ExactLane).toBool();
    run.temperature = settings.value(Key::Temperature).toFloat();
    run.seed = settings.value(Key::Seed).toULongLong();
    return run;
}

QStringList bundledModels() {
    const QString first = "kjv-gqa-q8_0.gguf";
    const QString beside = QCoreApplication::applicationDirPath();
    const QStringList folders{
        qEnvironmentVariable("KVSCOPE_RESOURCE_DIR"), beside + "/resources", beside + "/../share/kvscope",
        QStandardPaths::locate(QStandardPaths::GenericDataLocation, "kvscope", QStandardPaths::LocateDirectory),
        QStringLiteral(KVSCOPE_RESOURCE_DIR)};
    for (const QString& folder : folders) {
        const QDir models(folder + "/models");
        if (folder.isEmpty() || !models.exists()) {
            continue;
        }
        QStringList paths;
        for (const QString& name : models.entryList({"*.gguf"}, QDir::Files | QDir::Readable, QDir::Name)) {
            paths.insert(name == first ? 0 : paths.size(), QDir::cleanPath(models.filePath(name)));
        }
        if (!paths.isEmpty()) {
            return paths;
        }
    }
    return {};
}

QString findBundledModel() {
    return bundledModels().value(0);
}

}  // namespace kvscope::shell
