# SPDX-License-Identifier: Apache-2.0
set(gguf_fuzz "${CMAKE_CURRENT_LIST_DIR}")
kvscope_test(NAME gguf_replay_test LABEL fuzz
             SOURCES ${gguf_fuzz}/gguf_replay_test.cpp ${gguf_fuzz}/gguf_entry.cpp
             DEPS kvscope_gguf_fixtures)

# The fuzzer itself: clang++, -DKVSCOPE_FUZZ=ON -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link,address,undefined
if(KVSCOPE_FUZZ AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_executable(gguf_fuzz ${gguf_fuzz}/gguf_fuzz.cpp ${gguf_fuzz}/gguf_entry.cpp)
  target_link_libraries(gguf_fuzz PRIVATE kvscope::gguf kvscope::warnings -fsanitize=fuzzer)
  add_executable(gguf_seeds ${gguf_fuzz}/gguf_seeds.cpp ${gguf_fuzz}/gguf_entry.cpp)
  target_compile_definitions(gguf_seeds PRIVATE KVSCOPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(gguf_seeds PRIVATE kvscope_gguf_fixtures kvscope::warnings)
endif()
