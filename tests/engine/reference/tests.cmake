# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME reference_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/attention_ops_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/attention_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/compress_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/experts_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/forward_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/op_bench.cpp
          ${CMAKE_CURRENT_LIST_DIR}/products_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/streams_test.cpp
  DEPS kvscope::reference)
