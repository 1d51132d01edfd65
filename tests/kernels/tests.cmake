# SPDX-License-Identifier: Apache-2.0
include("${PROJECT_SOURCE_DIR}/tests/support/vulkan_tests.cmake")

kvscope_vulkan_test(
  NAME product_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/mat_mul_test.cpp
                                    ${CMAKE_CURRENT_LIST_DIR}/mat_mul_modes_test.cpp
                                    ${CMAKE_CURRENT_LIST_DIR}/columns_test.cpp)
kvscope_vulkan_test(
  NAME column_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/elementwise_test.cpp
                                   ${CMAKE_CURRENT_LIST_DIR}/streams_test.cpp
                                   ${CMAKE_CURRENT_LIST_DIR}/compressed_test.cpp)
kvscope_vulkan_test(NAME weight_formats_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/weight_formats_test.cpp)
kvscope_vulkan_test(
  NAME attention_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/attention_test.cpp
                                      ${CMAKE_CURRENT_LIST_DIR}/attention_modes_test.cpp
                                      ${CMAKE_CURRENT_LIST_DIR}/error_probe_test.cpp)
kvscope_vulkan_test(NAME row_kernels_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/rows_test.cpp)

# Copies of two kernels with one load doubled, for the counting build: counting_test must find it.
function(kvscope_planted_shader kernel pattern)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/planted_${kernel}.comp")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/planted_${kernel}.inc")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND sed "s/^.*${pattern}.*$/&\\n&/" "${PROJECT_SOURCE_DIR}/shaders/kernels/${kernel}.comp" > "${source}"
    COMMAND ${KVSCOPE_GLSLC} -fshader-stage=compute --target-env=vulkan1.2 -O -I "${PROJECT_SOURCE_DIR}" -DKVS_SUBGROUP
            -DKVS_COUNT_LOADS -MD -MF "${output}.d" -MT "${output}" -mfmt=num -o "${output}" "${source}"
    DEPENDS "${PROJECT_SOURCE_DIR}/shaders/kernels/${kernel}.comp"
    DEPFILE "${output}.d"
    VERBATIM)
endfunction()
kvscope_planted_shader(attn_decode "  rowChunk(KEY,")
kvscope_planted_shader(mat_mul " weightBlock((first")
kvscope_vulkan_test(
  NAME
  traffic_counting_test
  SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/counting_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/counting_columns_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/counting_modes_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/counting_fixture.cpp
  ${CMAKE_CURRENT_BINARY_DIR}/planted_attn_decode.inc
  ${CMAKE_CURRENT_BINARY_DIR}/planted_mat_mul.inc)
target_include_directories(traffic_counting_test PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
