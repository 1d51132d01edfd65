// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/schema.h"

#include <fmt/format.h>

#include "engine/trace/detail/store.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace {

namespace {

constexpr const char* kIntroduction = R"(# The .kvtrace file

This page is made from the code (`schemaMarkdown()`); a test keeps both equal. Schema version {0}.

A trace is an SQLite 3 database. `PRAGMA application_id` is {1} ("KVTR"), `PRAGMA user_version` the schema version. Any
SQLite tool reads it:

    sqlite3 run.kvtrace "SELECT step, bytes_used, bytes_native_f16 FROM occupancy WHERE sequence = -1"

- While a run is recorded the file is in WAL mode, with `-wal` and `-shm` files beside it; a closed run is one file. A
  run that died keeps them: open it as it is, or copy all three.
- A batch (64 steps, or what came in 200 ms) is one transaction. A run that died is whole up to its last batch and has no
  row in `closing`.
- Unknown numbers (NaN) are NULL. Infinities are stored as such. The sign of -0 is not kept in REAL columns.
- Unsigned numbers from 2^63 on appear as the negative number with the same 64 bits.
- Texts are TEXT when they are valid UTF-8 without NUL, otherwise a BLOB of their bytes (a token may be half a character).
- `ordinal` keeps the order of rows within a step. `checksum` lets the reader notice damage; a tool that changes a row
  sets it to NULL.

## Head metrics

A blob of `head_chunks` is one zstd frame. Unpacked it holds, all numbers little-endian:

1. for each entry two u16: step - 64 x step_window, and the place of the record among the head records of its step;
2. the values as four planes, first the lowest byte of all, then the next: for entry e and cell c = layer x heads + head
   at index e x cells + c, the byte of the 32-bit difference (modulo 2^32) between the f32 bit pattern of the value and
   that of the same cell in the entry before (0 for the first).

This is lossless. While a window of 64 steps is being filled, each batch adds a row with the next `part`; when the window
is over one row with part 0 replaces them. NaN = no value.

| metric | unit | heads |
| --- | --- | --- |
)";

constexpr const char* kTables = R"(
`head_pyramid` has the extremes over blocks of 64, 4096 and 262144 steps. A run that died lacks the last blocks.

## Tables
)";

}  // namespace

std::string schemaMarkdown() {
    std::string page = fmt::format(kIntroduction, kSchemaVersion, detail::kApplicationId);
    for (std::size_t i = 0; i < kHeadMetrics; ++i) {
        const auto metric = static_cast<HeadMetric>(i);
        page += fmt::format("| {} | {} | {} |\n", name(metric), unit(metric), isPerKvHead(metric) ? "KV" : "query");
    }
    page += kTables;
    for (const detail::Table& table : detail::tables()) {
        page += fmt::format("\n### {}\n\n{}{}\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n",
                            table.name, table.what, table.constraint.empty() ? "" : " " + table.constraint + ".");
        for (const detail::Column& c : table.columns) {
            page += fmt::format("| {} | {} | {} | {} |\n", c.name, c.type, c.unit, c.what);
        }
    }
    return page;
}

}  // namespace kvscope::trace
