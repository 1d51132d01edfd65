# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME policy_matrix_test
  LABEL policy
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/policy_matrix_test.cpp
  DEPS kvscope::cache_policy)
