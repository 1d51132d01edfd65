# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME cell_table_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cell_check.cpp ${CMAKE_CURRENT_LIST_DIR}/cell_table_test.cpp
  DEPS kvscope::cache_cells)
