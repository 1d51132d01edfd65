# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME cache_policy_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/canonical_test.cpp ${CMAKE_CURRENT_LIST_DIR}/errors_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/grammar_test.cpp ${CMAKE_CURRENT_LIST_DIR}/planner_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/registry_test.cpp ${CMAKE_CURRENT_LIST_DIR}/row_codec_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/validate_test.cpp
  DEPS kvscope::cache_policy)
