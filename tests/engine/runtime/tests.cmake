# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME sampler_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/sampler_test.cpp ${PROJECT_SOURCE_DIR}/engine/runtime/sampler.cpp
  DEPS kvscope::base)
kvscope_test(
  NAME runtime_test
  LABEL vulkan
  TIMEOUT 900
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/exact_test.cpp ${CMAKE_CURRENT_LIST_DIR}/probe_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/policy_run_test.cpp
  DEPS kvscope::runtime kvscope::probe kvscope::cache_store kvscope::kernels kvscope::vulkan kvscope::reference)
kvscope_test(
  NAME runtime_golden_test
  LABEL golden
  TIMEOUT 900
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/golden_run_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp
  DEPS kvscope::runtime kvscope::reference)
# the fallbacks, forced: no subgroups; buffers that may span a quarter of a MiB, so that matrices have pieces
add_test(NAME runtime_without_subgroups COMMAND runtime_golden_test --gtest_filter=*Bundled*)
set_tests_properties(runtime_without_subgroups PROPERTIES LABELS golden TIMEOUT 900 ENVIRONMENT
                     "KVSCOPE_VK_DISABLE=subgroup")
add_test(NAME runtime_with_small_buffers COMMAND runtime_golden_test --gtest_filter=*Bundled*)
set_tests_properties(runtime_with_small_buffers PROPERTIES LABELS golden TIMEOUT 900 ENVIRONMENT
                     "KVSCOPE_VK_LIMIT=range=256KiB")
