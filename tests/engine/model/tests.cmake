# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME model_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/arch_test.cpp ${CMAKE_CURRENT_LIST_DIR}/hparams_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/llama_test.cpp ${CMAKE_CURRENT_LIST_DIR}/rope_scaling_test.cpp
  DEPS kvscope::model)
kvscope_test(
  NAME model_golden_programs_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/deepseek_test.cpp ${CMAKE_CURRENT_LIST_DIR}/gemma4_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/golden_programs_test.cpp
  DEPS kvscope::model)
