# SPDX-License-Identifier: Apache-2.0
# The corpus and seeded mutations run as a normal test; with KVSCOPE_FUZZ the same function is a libFuzzer target.
kvscope_test(
  NAME policy_fuzz_test
  LABEL fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/replay_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../policy_fuzz.cpp
  DEPS kvscope::cache_policy)

if(KVSCOPE_FUZZ)
  add_executable(policy_fuzz ${CMAKE_CURRENT_LIST_DIR}/../policy_fuzz.cpp)
  target_link_libraries(policy_fuzz PRIVATE kvscope::cache_policy kvscope::warnings)
  target_compile_options(policy_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
  target_link_options(policy_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
endif()
