// SPDX-License-Identifier: Apache-2.0
#include "tests/app/cli/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

namespace kvscope::test {

namespace {

using namespace std::chrono_literals;

[[noreturn]] void becomeCli(const std::vector<std::string>& arguments, const CliOptions& options,
                            const std::filesystem::path& folder) {
    const auto redirect = [&](const char* name, int to) {
        const int file = open((folder / name).c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
        if (file < 0 || dup2(file, to) < 0) _exit(126);
    };
    redirect("out", STDOUT_FILENO);
    redirect("err", STDERR_FILENO);
    for (const std::string& setting : options.environment) {
        const std::size_t equals = setting.find('=');
        setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
    }
    std::vector<std::string> all{KVSCOPE_CLI};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& argument : all) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    execv(KVSCOPE_CLI, pointers.data());
    _exit(127);
}

void interrupt(pid_t child, const CliOptions& options) {
    std::error_code error;
    for (int i = 0; i < 600 && !options.interruptWhenFile.empty(); ++i) {
        if (std::filesystem::exists(options.interruptWhenFile, error)) break;
        std::this_thread::sleep_for(100ms);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(options.interruptAfterMs));
    kill(child, SIGINT);
}

}  // namespace

CliResult runCli(const std::vector<std::string>& arguments, const CliOptions& options) {
    const auto folder = freshFolder("output-" + std::to_string(getpid()));
    const pid_t child = fork();
    if (child == 0) becomeCli(arguments, options, folder);
    if (options.interruptAfterMs > 0) interrupt(child, options);
    int status = 0;
    waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, readFile(folder / "out"), readFile(folder / "err")};
}

std::filesystem::path freshFolder(const std::string& name) {
    const auto folder = std::filesystem::temp_directory_path() / "kvscope-cli-test" / name;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

void writeFile(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string readFile(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace kvscope::test
