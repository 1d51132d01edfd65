# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME reference_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/attention_test.cpp ${CMAKE_CURRENT_LIST_DIR}/forward_test.cpp
  DEPS kvscope::reference)
