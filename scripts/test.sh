#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds everything and runs all tests. Works as the first command on Debian 12 or 13.
#
#   scripts/test.sh                      everything
#   scripts/test.sh -L unit              only tests with the label `unit`; other options of ctest work alike
#   KVSCOPE_PRESET=asan scripts/test.sh  another preset of CMakePresets.json (default: dev)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in
  -h | --help) sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac

preset="${KVSCOPE_PRESET:-dev}"
installMissing "${KVSCOPE_PACKAGES_ENGINE[@]}" "${KVSCOPE_PACKAGES_DESKTOP[@]}" "${KVSCOPE_PACKAGES_TESTS[@]}"
buildPreset "$preset"

say "running the tests of build/$preset"
cd "$KVSCOPE_ROOT"
exec ctest --preset "$preset" -j "${KVSCOPE_TEST_JOBS:-2}" "$@"
