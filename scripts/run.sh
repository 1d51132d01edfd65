#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds KVScope and starts it. Works as the first command on Debian 12 or 13.
#
#   scripts/run.sh [OPTIONS OF kvscope]   where there is a display: the desktop program with its bundled model
#   scripts/run.sh [OPTIONS OF RUN]       where there is none: kvscope-cli run; without options a recorded run of the
#                                         bundled model, and its export
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in
  -h | --help) sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac

installMissing "${KVSCOPE_PACKAGES_ENGINE[@]}" "${KVSCOPE_PACKAGES_DESKTOP[@]}"
cd "$KVSCOPE_ROOT"

if [[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]; then
  buildPreset release
  say "starting kvscope"
  exec build/release/bin/kvscope "$@"
fi

say "no display (neither DISPLAY nor WAYLAND_DISPLAY is set): a run on the command line instead of the window"
buildPreset release kvscope-cli
cli=build/release/bin/kvscope-cli
say "devices"
"$cli" devices

if (($#)); then
  say "kvscope-cli run $*"
  exec "$cli" run "$@"
fi
mkdir -p out
say "256 tokens after a held-out text, with the first 4 and the last 256 positions kept; recorded to out/first-run.kvtrace"
"$cli" run --model resources/models/kjv-gqa-q8_0.gguf --prompt-file resources/texts/ruth-1.txt -n 256 \
  --policy "keep=sinks(4)+window(256)" --record out/first-run.kvtrace
say "exporting the trace to out/first-run"
"$cli" export out/first-run.kvtrace --format csv --output out/first-run
say "done: out/first-run.kvtrace is a SQLite database, which kvscope opens too; out/first-run holds it as CSV files"
