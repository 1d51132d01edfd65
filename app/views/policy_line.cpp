// SPDX-License-Identifier: Apache-2.0
#include "app/views/policy_line.h"

#include <QEvent>
#include <QKeyEvent>
#include <QMimeData>
#include <QRegularExpression>
#include <QSyntaxHighlighter>
#include <QWheelEvent>
#include <array>
#include <utility>

#include "app/plots/palette.h"

namespace kvscope::views {

namespace {

class ClauseColours : public QSyntaxHighlighter {
  public:
    explicit ClauseColours(QPlainTextEdit* edit) : QSyntaxHighlighter(edit->document()), m_edit(edit) {}

  protected:
    void highlightBlock(const QString& text) override {
        static const QRegularExpression kClause("(share|encode|keep|read)=[^ ]*");
        const auto& colours = plots::Colours::current();
        auto matches = kClause.globalMatch(text);
        while (matches.hasNext()) {
            const auto match = matches.next();
            const QString axis = match.captured(1);
            const QColor colour = axis == "share"    ? colours.share
                                  : axis == "encode" ? colours.encode
                                  : axis == "keep"   ? colours.keep
                                                     : colours.read;
            setFormat(static_cast<int>(match.capturedStart()), static_cast<int>(match.capturedLength()), colour);
        }
    }

  private:
    QPlainTextEdit* m_edit;
};

}  // namespace

PolicyLine::PolicyLine(models::PolicyModel& model, QWidget* parent) : QPlainTextEdit(parent), m_model(model) {
    setObjectName("policyLine");
    setAccessibleName("Policy line");
    setToolTip(
        "The cache policy: a point on the axes share, encode, keep, read.\n"
        "Return applies it to the running model from the next step on.\n"
        "Example: encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256); exact = everything native in f32.");
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setTabChangesFocus(true);
    setFont(plots::numberFont(12.5));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    document()->setDocumentMargin(6);
    new ClauseColours(this);
    readModel();
    connect(&m_model, &models::PolicyModel::changed, this, &PolicyLine::readModel);
    connect(this, &QPlainTextEdit::textChanged, this, [this] { m_model.setText(toPlainText()); });
}

void PolicyLine::readModel() {
    if (toPlainText() != m_model.text()) {
        setPlainText(m_model.text());
    }
}

QSize PolicyLine::sizeHint() const {
    return {420, 30};
}

QSize PolicyLine::minimumSizeHint() const {
    return {160, 30};
}

void PolicyLine::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        emit applyRequested();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

void PolicyLine::insertFromMimeData(const QMimeData* source) {
    if (source->hasText()) {
        textCursor().insertText(source->text().simplified());  // one line stays one line
    }
}

void PolicyLine::changeEvent(QEvent* event) {
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        for (auto* highlighter : document()->findChildren<QSyntaxHighlighter*>()) {
            highlighter->rehighlight();
        }
    }
}

void PolicyLine::wheelEvent(QWheelEvent* event) {
    event->ignore();
}

}  // namespace kvscope::views
