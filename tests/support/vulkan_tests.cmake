# SPDX-License-Identifier: Apache-2.0
include_guard(GLOBAL)
# What tests on a device share: a device, outputs with sentinels, matrices and caches made by hand.
add_library(
  kvscope_test_device STATIC
  ${PROJECT_SOURCE_DIR}/tests/support/vulkan_fixture.cpp ${PROJECT_SOURCE_DIR}/tests/support/device_matrices.cpp
  ${PROJECT_SOURCE_DIR}/tests/support/cache_fixture.cpp ${PROJECT_SOURCE_DIR}/tests/support/rope_fixture.cpp
  ${PROJECT_SOURCE_DIR}/engine/runtime/weights.cpp)
target_link_libraries(kvscope_test_device PUBLIC kvscope::kernels kvscope::model kvscope::cache_policy GTest::gtest
                      PRIVATE kvscope::warnings)

# kvscope_vulkan_test(NAME x SOURCES ... DEPS ...): the program runs a second time on the kernels' base variant, with
# memory that the host cannot reach.
function(kvscope_vulkan_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;DEPS" ${ARGN})
  kvscope_test(NAME ${T_NAME} LABEL vulkan TIMEOUT 600 SOURCES ${T_SOURCES} DEPS kvscope_test_device ${T_DEPS})
  add_test(NAME ${T_NAME}_base COMMAND ${T_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${T_NAME}_base PROPERTIES LABELS vulkan TIMEOUT 1200 ENVIRONMENT "KVSCOPE_VK_DISABLE=subgroup,unified")
endfunction()
