# SPDX-License-Identifier: Apache-2.0
# The corpus and seeded mutations run as a normal test; with KVSCOPE_FUZZ the same function is a libFuzzer target.
kvscope_test(
  NAME chat_fuzz_test
  LABEL fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/replay_test.cpp ${CMAKE_CURRENT_LIST_DIR}/chat_fuzz.cpp
  DEPS kvscope::chat)

if(KVSCOPE_FUZZ)
  add_executable(chat_fuzz ${CMAKE_CURRENT_LIST_DIR}/chat_fuzz.cpp)
  target_link_libraries(chat_fuzz PRIVATE kvscope::chat kvscope::warnings)
  target_compile_options(chat_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
  target_link_options(chat_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
endif()
