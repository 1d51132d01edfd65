# SPDX-License-Identifier: Apache-2.0
include("${PROJECT_SOURCE_DIR}/tests/support/vulkan_tests.cmake")
kvscope_test(
  NAME vulkan_choice_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/environment_test.cpp ${CMAKE_CURRENT_LIST_DIR}/device_choice_test.cpp
  DEPS kvscope::vulkan)
kvscope_test(
  NAME vulkan_device_test
  LABEL vulkan
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/device_test.cpp
  DEPS kvscope_test_device kvscope::shaders)
