// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace kvscope {

/// What went wrong, in the terms a caller acts on. The command line maps a kind to an exit code.
enum class ErrorKind {
    BadUsage,     ///< arguments that make no sense (exit code 2)
    BadPolicy,    ///< a policy text that does not parse or is illegal for the model (exit code 2)
    BadFile,      ///< malformed or truncated input file (exit code 3)
    Unsupported,  ///< a sound input file that asks for something this version cannot do (exit code 3)
    Io,           ///< the operating system refused: open, read, write, disk full (exit code 1; 3 for input files)
    NoDevice,     ///< no usable Vulkan device (exit code 4)
    OutOfMemory,  ///< device or host memory (exit code 1)
    DeviceLost,   ///< the device stopped answering (exit code 1)
    Cancelled,    ///< a stop was requested (exit code 130)
    Internal,     ///< an invariant of ours broke (exit code 1)
};

/// An error for a person: `where` is "file: key" or "policy: token", `message` a sentence without a full stop.
struct Error {
    ErrorKind kind = ErrorKind::Internal;
    std::string where;
    std::string message;

    /// "where: message", or the message alone.
    [[nodiscard]] std::string text() const { return where.empty() ? message : where + ": " + message; }
};

template <typename T>
using Result = std::expected<T, Error>;

/// Makes the unexpected value that a function returning Result<T> returns.
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorKind kind, std::string where, fmt::format_string<Args...> format,
                                          Args&&... args) {
    return std::unexpected(Error{kind, std::move(where), fmt::format(format, std::forward<Args>(args)...)});
}

/// Hands an error of one Result on to another.
template <typename T>
[[nodiscard]] std::unexpected<Error> forward(const Result<T>& result) {
    return std::unexpected(result.error());
}

/// The exit code of the command line for an error of this kind.
[[nodiscard]] int exitCode(ErrorKind kind);

}  // namespace kvscope
