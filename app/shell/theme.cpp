// SPDX-License-Identifier: Apache-2.0
#include "app/shell/theme.h"

#include <QApplication>
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
    QString sheet = R"(
QMainWindow, QMainWindow > QWidget#space { background: @window; }
QMainWindow::separator { background: @window; width: 8px; height: 8px; }
QDockWidget > QWidget { background: @panel; }
QWidget#panel { background: @panel; border: 1px solid @line; border-radius: 8px; }
QWidget#plain { background: transparent; }
QToolBar { background: @window; border: 0; spacing: 6px; padding: 6px 8px 2px 8px; }
QToolBar QLabel#name { font-weight: 600; font-size: 16px; padding: 0 8px 0 4px; }
QPushButton, QToolButton { background: @raised; border: 1px solid @line; border-radius: 6px; padding: 5px 12px; color: @text; }
QPushButton:hover, QToolButton:hover { border-color: @secondary; }
QPushButton:pressed, QToolButton:pressed, QPushButton:checked { background: @line; }
QPushButton:focus, QToolButton:focus { border-color: @share; }
QPushButton:disabled, QToolButton:disabled { color: @secondary; background: transparent; }
QToolButton#flat { background: transparent; border: 0; padding: 2px 4px; color: @secondary; }
QToolButton#flat:hover { color: @text; }
QToolButton::menu-indicator { width: 0; image: none; }
QPlainTextEdit#policyLine { background: @field; border: 1px solid @line; border-radius: 6px; }
QPlainTextEdit#policyLine[problem="true"] { border-color: @red; }
QPlainTextEdit, QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox {
  background: @field; border: 1px solid @line; border-radius: 5px; color: @text; padding: 2px 6px; min-height: 18px;
  selection-background-color: @select; selection-color: @text; }
QPlainTextEdit:focus, QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border-color: @share; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow { image: url(:/icons/chevron-@theme.svg); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @line; selection-background-color: @select; color: @text; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: 0; }
QTableView { background: @panel; border: 0; gridline-color: transparent; alternate-background-color: @panel; selection-background-color: @raised; selection-color: @text; }
QHeaderView { background: @panel; border: 0; }
QHeaderView::section { background: @panel; color: @secondary; border: 0; border-bottom: 1px solid @line; padding: 3px 4px; font-weight: 400; font-size: 11px; }
QHeaderView::down-arrow { image: url(:/icons/chevron-@theme.svg); width: 9px; height: 9px; subcontrol-position: left center; }
QHeaderView::up-arrow { image: url(:/icons/chevron-up-@theme.svg); width: 9px; height: 9px; subcontrol-position: left center; }
QTableCornerButton::section { background: @panel; border: 0; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: @secondary; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QStatusBar { background: @window; color: @secondary; }
QStatusBar::item { border: 0; }
QMenuBar { background: @window; color: @text; padding: 2px 6px; }
QMenuBar::item { padding: 3px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: @raised; }
QMenu { background: @raised; color: @text; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 20px; border-radius: 4px; }
QMenu::item:selected { background: @select; }
QMenu::item:disabled { color: @secondary; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 6px; }
QCheckBox { color: @text; spacing: 6px; }
QProgressBar { background: @field; border: 1px solid @line; border-radius: 5px; text-align: center; color: @text; max-height: 14px; }
QProgressBar::chunk { background: @share; border-radius: 4px; }
QTabBar::tab { background: @window; color: @secondary; padding: 4px 12px; border: 0; border-top-left-radius: 6px; border-top-right-radius: 6px; }
QTabBar::tab:selected { background: @panel; color: @text; }
QFrame#banner { background: @panel; border: 1px solid @red; border-radius: 6px; }
QFrame#loading { background: @panel; border: 1px solid @line; border-radius: 6px; }
QLabel#problem { color: @red; }
QLabel#secondary { color: @secondary; }
)";
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
