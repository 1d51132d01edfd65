# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME reference_golden_test
  LABEL golden
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/reference_golden_test.cpp ${CMAKE_CURRENT_LIST_DIR}/perturbation_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../support/golden.cpp
  DEPS kvscope::reference)
kvscope_test(
  NAME architectures_golden_test
  LABEL golden
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/architectures_golden_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/architecture_perturbation_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../support/golden.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../support/golden_index.cpp
  DEPS kvscope::reference)
kvscope_test(
  NAME key_perturbation_test
  LABEL golden
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/key_perturbation_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../support/golden.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../support/golden_index.cpp
  DEPS kvscope::reference)
kvscope_test(
  NAME reference_model_test
  LABEL model
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/real_models_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../support/golden.cpp
          ${PROJECT_SOURCE_DIR}/engine/runtime/sampler.cpp
  DEPS kvscope::reference)
