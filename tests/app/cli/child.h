// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace kvscope::test {

/// What the command line program did.
struct CliResult {
    int code = -1;  ///< exit code; 128 + signal when one ended it
    std::string out, err;
    /// Standard output as JSON; a discarded value when it is none.
    [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

struct CliOptions {
    std::vector<std::string> environment;     ///< "NAME=value", added to this process's
    int interruptAfterMs = 0;                 ///< > 0: SIGINT after so long
    std::filesystem::path interruptWhenFile;  ///< with it: not before this file is there
};

/// Runs kvscope-cli with these arguments and waits for its end.
CliResult runCli(const std::vector<std::string>& arguments, const CliOptions& options = {});

/// A folder for this test's files, empty at first.
std::filesystem::path freshFolder(const std::string& name);
void writeFile(const std::filesystem::path& path, const std::string& bytes);
std::string readFile(const std::filesystem::path& path);

inline const std::string kBundled = std::string(KVSCOPE_SOURCE_DIR) + "/resources/models/kjv-gqa-q8_0.gguf";

}  // namespace kvscope::test
