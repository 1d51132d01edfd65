# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Debian packages that KVScope needs, the same names on Debian 12 and 13. Sourced by lib.sh; the only such list.

# compiler, build tools, libraries of engine/ and of the command line, a Vulkan driver that needs no GPU
KVSCOPE_PACKAGES_ENGINE=(
  build-essential cmake ninja-build ccache pkg-config git
  libvulkan-dev glslc spirv-tools spirv-headers mesa-vulkan-drivers
  libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libsqlite3-dev libpcre2-dev libeigen3-dev libzstd-dev
)

# the desktop program: Qt 6, plots, a platform plugin for X11 and Wayland, icons, fonts
KVSCOPE_PACKAGES_DESKTOP=(
  qt6-base-dev qt6-svg-dev libqcustomplot-dev libqcustomplot2.1-qt6 qt6-qpa-plugins qt6-wayland
  libgl1-mesa-dri fonts-inter fonts-jetbrains-mono fonts-dejavu-core
)

# the tests: GoogleTest, Vulkan's validation layer, a display for the window tests, Python for the rules and the recipe
KVSCOPE_PACKAGES_TESTS=(
  libgtest-dev libgmock-dev vulkan-validationlayers vulkan-tools xvfb xauth xdotool python3
)

# what continuous integration adds: formatting, and models fetched from the Python package index
KVSCOPE_PACKAGES_CI=(clang-format-19 python3-venv ca-certificates)

# Debian 13 moved the icon and image plugins of Qt's SVG module into a package of their own.
if [[ -r /etc/os-release ]] && grep -qE '^VERSION_ID="?(1[3-9]|[2-9][0-9])' /etc/os-release; then
  KVSCOPE_PACKAGES_DESKTOP+=(qt6-svg-plugins)
fi
