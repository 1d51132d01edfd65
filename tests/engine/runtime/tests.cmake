# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME sampler_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/sampler_test.cpp ${PROJECT_SOURCE_DIR}/engine/runtime/sampler.cpp
  DEPS kvscope::base)
