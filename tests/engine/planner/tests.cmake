# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME planner_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/allocation_test.cpp ${CMAKE_CURRENT_LIST_DIR}/plan_policy_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/plan_test.cpp ${CMAKE_CURRENT_LIST_DIR}/weights_read_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/worked_numbers_test.cpp
  DEPS kvscope::planner)
kvscope_test(
  NAME planner_engine_test
  LABEL golden
  TIMEOUT 600
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/engine_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../../support/golden_models.cpp
  DEPS kvscope::planner kvscope::runtime)
