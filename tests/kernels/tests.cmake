# SPDX-License-Identifier: Apache-2.0
include("${PROJECT_SOURCE_DIR}/tests/support/vulkan_tests.cmake")

kvscope_vulkan_test(NAME product_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/mat_mul_test.cpp
                                                      ${CMAKE_CURRENT_LIST_DIR}/columns_test.cpp)
kvscope_vulkan_test(NAME attention_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/attention_test.cpp)
