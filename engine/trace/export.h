// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/trace/source.h"

namespace kvscope::trace {

struct ExportOptions {
    std::string prefix;                             ///< put before each CSV file's name
    bool headMetrics = true;                        ///< false leaves out the head metrics, by far the largest part
    std::stop_token stop;                           ///< polled at each step; a stopped export fails with Cancelled
    std::function<void(double fraction)> progress;  ///< called on the calling thread
};

/// Writes a run as CSV (RFC 4180: CRLF, quotes doubled) into a folder, made if need be: run, steps, tokens, occupancy,
/// traffic, kernels, decisions, lanes, policy_switches and head_metrics, each FOLDER/PREFIX + name + ".csv". Columns
/// are those of SCHEMA.md (names carry the unit: bytes_used, host_ns, kl_nats), each row with its step.
/// Numbers have full precision; NaN is an empty cell, infinities are inf and -inf, truth values 0 and 1, all sequences
/// -1. Texts are escaped by csvText(). head_metrics has a row for each value: step, metric, unit, sequence, layer,
/// head, value. Returns the files. On an error the files that were begun are removed.
Result<std::vector<std::filesystem::path>> exportCsv(const StepSource& source, const std::filesystem::path& folder,
                                                     const ExportOptions& options = {});

/// Writes a run as JSON Lines: an object a line, each with "type" (run, step, token, occupancy, traffic, kernel,
/// decision, lane, policy_switch, head_metric), "schema_version" and "step" (but for run, the first line); keys are the
/// columns of SCHEMA.md. NaN and infinities are null, all sequences -1. A text that is not valid UTF-8 has U+FFFD for
/// what is not, and its bytes in hexadecimal under KEY_hex. head_metric has "values": an array of layers, each an array
/// of heads. On an error the file is removed.
Result<void> exportJsonLines(const StepSource& source, const std::filesystem::path& file,
                             const ExportOptions& options = {});

/// How bytes stand in a CSV cell, before quoting: valid UTF-8 as it is, but backslash as \\ and control characters
/// (below 0x20, and 0x7F) and bytes that are no valid UTF-8 as \xHH. Reversible, and always on one line.
[[nodiscard]] std::string csvText(std::string_view bytes);

}  // namespace kvscope::trace
