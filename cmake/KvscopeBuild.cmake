# SPDX-License-Identifier: Apache-2.0
# What every target shares: language level, warnings, and the two functions that make a module and a test.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_library(kvscope_warnings INTERFACE)
add_library(kvscope::warnings ALIAS kvscope_warnings)
target_compile_options(kvscope_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                                                  -Woverloaded-virtual -Wno-missing-field-initializers)

# kvscope_module(NAME base SOURCES a.cpp b.cpp DEPS fmt::fmt PRIVATE_DEPS ...)
# makes the static library kvscope_NAME (alias kvscope::NAME). A dependency arrow of the design is a link line here.
function(kvscope_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(kvscope_${M_NAME} STATIC ${M_SOURCES})
  add_library(kvscope::${M_NAME} ALIAS kvscope_${M_NAME})
  target_include_directories(kvscope_${M_NAME} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(kvscope_${M_NAME} PUBLIC ${M_DEPS} PRIVATE ${M_PRIVATE_DEPS} kvscope::warnings)
endfunction()

# The labels of tests, see tests/README.md; the target kvscope_tests_LABEL builds all programs of a label.
foreach(label unit vulkan policy golden gui fuzz model architecture bench)
  add_custom_target(kvscope_tests_${label})
endforeach()

# kvscope_test(NAME gguf_test LABEL unit SOURCES a_test.cpp DEPS kvscope::gguf)
# makes a GoogleTest program whose cases are tests of the label; SERIAL: nothing else runs beside them.
function(kvscope_test)
  cmake_parse_arguments(T "SERIAL" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${T_DEPS} GTest::gmock GTest::gtest_main kvscope::warnings)
  # Tests run in the source tree, so that no path of the checkout is compiled in and every checkout shares ccache's objects.
  target_compile_definitions(${T_NAME} PRIVATE KVSCOPE_SOURCE_DIR=".")
  foreach(label ${T_LABEL})
    add_dependencies(kvscope_tests_${label} ${T_NAME})
  endforeach()
  gtest_discover_tests(${T_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTIES LABELS "${T_LABEL}" TIMEOUT ${T_TIMEOUT}
                                  RUN_SERIAL ${T_SERIAL} DISCOVERY_TIMEOUT 60)
endfunction()
