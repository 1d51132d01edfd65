// SPDX-License-Identifier: Apache-2.0
#include "app/cli/resources.h"

#include <cstdlib>
#include <vector>

namespace kvscope::cli {

Result<std::filesystem::path> findResource(const std::filesystem::path& name) {
    std::vector<std::filesystem::path> folders;
    if (const char* folder = std::getenv("KVSCOPE_RESOURCE_DIR"); folder != nullptr && *folder != '\0') {
        folders.emplace_back(folder);
    }
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        folders.push_back(program.parent_path() / "resources");
        folders.push_back(program.parent_path() / "../share/kvscope");
    }
    folders.emplace_back(KVSCOPE_RESOURCE_DIR);
    for (const std::filesystem::path& folder : folders) {
        if (std::filesystem::exists(folder / name, error)) return (folder / name).lexically_normal();
    }
    return fail(ErrorKind::Io, name.string(), "the bundled file was not found; set KVSCOPE_RESOURCE_DIR to its folder");
}

}  // namespace kvscope::cli
