# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME cell_table_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cell_check.cpp ${CMAKE_CURRENT_LIST_DIR}/cell_table_test.cpp
  DEPS kvscope::cache_cells)

include("${PROJECT_SOURCE_DIR}/tests/support/vulkan_tests.cmake")
kvscope_vulkan_test(NAME region_store_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/region_store_test.cpp DEPS
                    kvscope::cache_store)
