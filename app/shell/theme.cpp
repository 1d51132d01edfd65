// SPDX-License-Identifier: Apache-2.0
#include "app/shell/theme.h"

#include <QApplication>
#include <QFile>
#include <QPalette>
#include <QStyleFactory>

#include "app/plots/palette.h"

// The resources live in a static library and are linked in by this call, which must stand outside any namespace.
static void initResources() {
    Q_INIT_RESOURCE(kvscope);
}

namespace kvscope::shell {

namespace {

QPalette paletteOf(const plots::Colours& c) {
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.panel);
    palette.setColor(QPalette::AlternateBase, c.raised);
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::Button, c.raised);
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::BrightText, c.red);
    palette.setColor(QPalette::ToolTipBase, c.raised);
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::PlaceholderText, c.secondary);
    palette.setColor(QPalette::Link, c.share);
    palette.setColor(QPalette::Highlight, c.dark ? QColor("#34506B") : QColor("#CFE3F3"));
    palette.setColor(QPalette::HighlightedText, c.text);
    palette.setColor(QPalette::Mid, c.line);
    palette.setColor(QPalette::Dark, c.line);
    palette.setColor(QPalette::Light, c.raised);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        QColor disabled = c.secondary;
        disabled.setAlphaF(0.6F);
        palette.setColor(QPalette::Disabled, role, disabled);
    }
    return palette;
}

QString styleSheetOf(const plots::Colours& c) {
    QFile file(":/themes/window.qss");
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    QString sheet = QString::fromUtf8(file.readAll());
    sheet.replace("@window", c.window.name()).replace("@panel", c.panel.name()).replace("@raised", c.raised.name());
    sheet.replace("@line", c.line.name()).replace("@text", c.text.name()).replace("@secondary", c.secondary.name());
    sheet.replace("@share", c.share.name()).replace("@red", c.red.name());
    sheet.replace("@field", c.dark ? "#14161A" : "#FFFFFF").replace("@select", c.dark ? "#34506B" : "#CFE3F3");
    return sheet.replace("@theme", c.dark ? "dark" : "light");
}

}  // namespace

Theme themeFromName(const QString& name) {
    return name == "dark" ? Theme::Dark : name == "light" ? Theme::Light : Theme::System;
}

QString nameOf(Theme theme) {
    return theme == Theme::Dark ? "dark" : theme == Theme::Light ? "light" : "system";
}

void applyTheme(Theme theme) {
    initResources();
    static const bool kSystemIsDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    const bool dark = theme == Theme::System ? kSystemIsDark : theme == Theme::Dark;
    const plots::Colours& colours = plots::Colours::theme(dark);
    QApplication::setStyle(QStyleFactory::create("Fusion"));
    QApplication::setFont(plots::wordFont());
    QApplication::setPalette(paletteOf(colours));
    qApp->setStyleSheet(styleSheetOf(colours));
}

}  // namespace kvscope::shell
