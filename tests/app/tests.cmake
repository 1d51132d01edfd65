# SPDX-License-Identifier: Apache-2.0
if(TARGET kvscope_app_models)
  find_package(Qt6 REQUIRED COMPONENTS Test)
  kvscope_test(
    NAME app_models_test
    LABEL unit
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/decimated_series_test.cpp ${CMAKE_CURRENT_LIST_DIR}/layer_structure_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/models_test.cpp
    DEPS kvscope::app_models Qt6::Test)
endif()
