# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
kvscope_test(
  NAME chat_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/agreement_test.cpp ${CMAKE_CURRENT_LIST_DIR}/chat_format_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/limits_test.cpp
  DEPS kvscope::chat nlohmann_json::nlohmann_json)
target_compile_definitions(chat_test PRIVATE CHAT_TEST_DATA="tests/engine/text/chat/data")
