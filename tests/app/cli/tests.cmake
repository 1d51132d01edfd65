# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
foreach(part files plan run)
  kvscope_test(
    NAME cli_${part}_test
    LABEL model
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_${part}_test.cpp ${CMAKE_CURRENT_LIST_DIR}/child.cpp
    DEPS kvscope::gguf nlohmann_json::nlohmann_json)
  target_include_directories(cli_${part}_test PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(cli_${part}_test PRIVATE KVSCOPE_CLI="$<TARGET_FILE:kvscope-cli>")
  add_dependencies(cli_${part}_test kvscope-cli)
endforeach()

# The page of the JSON output against what the program prints; Python's standard library is enough.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME CliJsonPage COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/json_page_test.py"
                                  "$<TARGET_FILE:kvscope-cli>")
set_tests_properties(CliJsonPage PROPERTIES LABELS model TIMEOUT 120 SKIP_RETURN_CODE 77)
add_dependencies(kvscope_tests_model kvscope-cli)
