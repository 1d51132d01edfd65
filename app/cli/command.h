// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <span>
#include <stop_token>

#include "engine/base/error.h"

namespace kvscope::cli {

/// What every command is given.
struct Context {
    std::stop_token stop;  ///< requested by SIGINT and SIGTERM
};

/// Does a command's work after its options were read. Returns the exit code; an Error is printed and mapped to one.
using Body = std::function<Result<int>(const Context&)>;

/// A subcommand: setup() adds its options to the parser and returns what to do with them.
struct Command {
    const char* name;
    const char* summary;
    Body (*setup)(CLI::App& app);
};

/// All subcommands in the order of --help.
[[nodiscard]] std::span<const Command> commands();

// One function a command, in the file of its name; listed in registry.cpp.
[[nodiscard]] Body setupDevices(CLI::App& app);
[[nodiscard]] Body setupInspect(CLI::App& app);
[[nodiscard]] Body setupTokenize(CLI::App& app);
[[nodiscard]] Body setupPlan(CLI::App& app);
[[nodiscard]] Body setupRun(CLI::App& app);
[[nodiscard]] Body setupPerplexity(CLI::App& app);
[[nodiscard]] Body setupBench(CLI::App& app);
[[nodiscard]] Body setupExport(CLI::App& app);

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadUsage = 2;
inline constexpr int kExitNoDevice = 4;
inline constexpr int kExitInterrupted = 130;

}  // namespace kvscope::cli
