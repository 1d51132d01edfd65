// SPDX-License-Identifier: Apache-2.0
// kvscope: the desktop program.
#include "app/bridge/runtime_backend.h"
#include "app/shell/application.h"

int main(int argc, char** argv) {
    return kvscope::shell::runApplication(argc, argv, [](const std::string& device) {
        return std::make_unique<kvscope::bridge::RuntimeBackend>(device);
    });
}
