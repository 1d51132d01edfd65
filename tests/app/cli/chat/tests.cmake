# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
kvscope_test(
  NAME cli_chat_test
  LABEL model
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_chat_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../child.cpp
  DEPS kvscope::gguf nlohmann_json::nlohmann_json)
target_include_directories(cli_chat_test PRIVATE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(cli_chat_test PRIVATE KVSCOPE_CLI="$<TARGET_FILE:kvscope-cli>")
add_dependencies(cli_chat_test kvscope-cli)
