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
