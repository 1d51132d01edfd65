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
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/golden_run_test.cpp ${CMAKE_CURRENT_LIST_DIR}/perturbation_run_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden_models.cpp
  DEPS kvscope::runtime kvscope::reference)
kvscope_test(
  NAME architecture_run_test
  LABEL golden
  TIMEOUT 900
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/architecture_run_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../../support/golden_models.cpp
  DEPS kvscope::runtime kvscope::reference)
kvscope_test(
  NAME counted_run_test
  LABEL golden
  TIMEOUT 900
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/counted_run_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../../support/golden_models.cpp
  DEPS kvscope::runtime kvscope::kernels kvscope::vulkan)
kvscope_test(
  NAME architecture_perturbation_run_test
  LABEL golden
  TIMEOUT 900
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/architecture_perturbation_run_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../../support/golden.cpp ${CMAKE_CURRENT_LIST_DIR}/../../support/golden_models.cpp
  DEPS kvscope::runtime kvscope::kernels kvscope::vulkan kvscope::reference)
# the fallbacks, forced: no subgroups; buffers that may span so little that matrices have pieces (the bundled model's
# embedding; the gate and up projections of the tiny models)
function(kvscope_forced_test name filter environment)
  add_test(
    NAME ${name}
    COMMAND runtime_golden_test --gtest_filter=${filter}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS golden TIMEOUT 900 ENVIRONMENT "${environment}")
endfunction()
kvscope_forced_test(runtime_without_subgroups *Bundled* KVSCOPE_VK_DISABLE=subgroup)
kvscope_forced_test(runtime_with_a_split_embedding *Bundled* KVSCOPE_VK_LIMIT=range=540KiB)
kvscope_forced_test(runtime_with_split_projections *Tiny* KVSCOPE_VK_LIMIT=range=80KiB)
