// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/interrupt.h"

namespace {

using namespace kvscope;

/// Arguments in the order that CLI11 takes (last first). It knows no long names behind one dash; llama.cpp's are
/// rewritten.
std::vector<std::string> arguments(int argc, char** argv) {
    std::vector<std::string> list;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        if (argument == "-ctk") argument = "--cache-type-k";
        if (argument == "-ctv") argument = "--cache-type-v";
        list.push_back(std::move(argument));
    }
    std::ranges::reverse(list);
    return list;
}

int reportError(const Error& error) {
    fmt::print(stderr, "kvscope-cli: {}\n", error.text());
    return exitCode(error.kind);
}

int runProgram(int argc, char** argv) {
    const cli::Interrupt interrupt;
    CLI::App app("Runs GGUF language models on Vulkan under key–value cache policies and measures what the cache does.",
                 "kvscope-cli");
    app.set_version_flag("--version", "kvscope-cli " KVSCOPE_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Each command has its own --help, and --json for programs.\n"
        "Exit codes: 0 ok, 1 the run failed, 2 bad usage or illegal policy, 3 bad or unsupported input file,\n"
        "4 no usable device, 130 interrupted.");
    std::vector<std::pair<CLI::App*, cli::Body>> bodies;
    for (const cli::Command& command : cli::commands()) {
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        bodies.emplace_back(sub, command.setup(*sub));
    }
    try {
        app.parse(arguments(argc, argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? cli::kExitOk : cli::kExitBadUsage;
    }
    const auto chosen = std::ranges::find_if(bodies, [](const auto& entry) { return entry.first->parsed(); });
    const Result<int> code = chosen->second(cli::Context{interrupt.token()});
    if (!code) return reportError(code.error());
    if (std::fflush(stdout) != 0) {
        fmt::print(stderr, "kvscope-cli: standard output cannot be written\n");
        return cli::kExitFailed;
    }
    return *code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return runProgram(argc, argv);
    } catch (const std::exception& error) {
        std::fputs("kvscope-cli: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
        return cli::kExitFailed;
    }
}
