// SPDX-License-Identifier: Apache-2.0
// The window over a made-up run, for looking at views without a model: same arguments as kvscope.
#include "app/shell/application.h"
#include "tests/gui/support/synthetic_backend.h"

int main(int argc, char** argv) {
    return kvscope::shell::runApplication(argc, argv, [](const std::string& /*device*/) {
        kvscope::trace::SyntheticOptions options;
        options.steps = 4096;
        options.nLayers = 6;
        options.budget = 260;
        return std::make_unique<kvscope::test::SyntheticBackend>(options, std::chrono::microseconds(2500));
    });
}
