# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share: messages, installing packages, configuring and building. Sourced, not run.

KVSCOPE_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source=scripts/packages.sh
source "$KVSCOPE_ROOT/scripts/packages.sh"

# A fresh machine has no locale and no run-time folder; Qt complains about either.
export LC_ALL="${LC_ALL:-${LANG:-C.UTF-8}}"
if [[ -z "${XDG_RUNTIME_DIR:-}" ]]; then
  XDG_RUNTIME_DIR="${TMPDIR:-/tmp}/kvscope-runtime-$(id -u)"
  export XDG_RUNTIME_DIR
  mkdir -p "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR"
fi
# Build folders and checkouts share cached objects: paths are hashed relative to the root.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$KVSCOPE_ROOT}" CCACHE_NOHASHDIR=1

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# missingPackages NAME...: those of the packages that are not installed, one a line.
missingPackages() {
  local status
  status="$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)"
  local name
  for name in "$@"; do
    grep -qx "$name installed" <<<"$status" || printf '%s\n' "$name"
  done
}

# installMissing NAME...: says what is missing and installs it with apt; does nothing when all is there.
installMissing() {
  command -v dpkg-query >/dev/null || die "this script installs Debian packages, and this system has no dpkg; the list is in scripts/packages.sh"
  local missing
  mapfile -t missing < <(missingPackages "$@")
  ((${#missing[@]})) || return 0
  local asRoot=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "these packages are missing, and neither root nor sudo is at hand. As root: apt-get install ${missing[*]}"
    asRoot=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages with apt: ${missing[*]}"
  local apt=("${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  "${apt[@]}" update </dev/null || die "apt-get update failed: is the network there?"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null ||
    die "apt-get could not install the packages named above"
}

# buildPreset PRESET [TARGET...]: configures when needed and builds build/PRESET.
buildPreset() {
  local preset="$1"
  shift
  say "configuring build/$preset"
  (cd "$KVSCOPE_ROOT" && cmake --preset "$preset" --log-level=WARNING) || die "cmake could not configure preset $preset"
  say "building build/$preset"
  local targets=()
  (($#)) && targets=(--target "$@")
  (cd "$KVSCOPE_ROOT" && cmake --build --preset "$preset" "${targets[@]}") || die "the build of preset $preset failed"
}
