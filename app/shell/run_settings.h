// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>

#include "app/bridge/engine_backend.h"
#include "app/settings/settings.h"

namespace kvscope::shell {

/// The passage a run starts with unless the user gives another: facts, other text, and a question about a fact.
[[nodiscard]] QString defaultPrompt();

/// What the user's settings ask of a new run.
[[nodiscard]] bridge::RunSettings runSettings(const settings::Settings& settings);

/// The bundled models, the one that is opened first at the front: beside the binary, in the installed data folder, or
/// in the source tree; KVSCOPE_RESOURCE_DIR (environment) comes first. Empty when they are nowhere.
[[nodiscard]] QStringList bundledModels();
/// The first of them; empty when there is none.
[[nodiscard]] QString findBundledModel();

}  // namespace kvscope::shell
