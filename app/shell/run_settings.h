// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include "app/bridge/engine_backend.h"
#include "app/settings/settings.h"

namespace kvscope::shell {

/// The passage a run starts with unless the user gives another: facts, other text, and a question about a fact.
[[nodiscard]] QString defaultPrompt();

/// What the user's settings ask of a new run.
[[nodiscard]] bridge::RunSettings runSettings(const settings::Settings& settings);

/// The bundled model: beside the binary, in the installed data folder, or in the source tree; KVSCOPE_RESOURCE_DIR
/// (environment) comes first. Empty when it is nowhere.
[[nodiscard]] QString findBundledModel();

}  // namespace kvscope::shell
