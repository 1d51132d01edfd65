# SPDX-License-Identifier: Apache-2.0
if(TARGET kvscope_app_shell)
  find_package(Qt6 REQUIRED COMPONENTS Test)
  add_executable(kvscope_synthetic_window ${CMAKE_CURRENT_LIST_DIR}/synthetic_window.cpp)
  target_link_libraries(kvscope_synthetic_window PRIVATE kvscope::app_shell kvscope::warnings)
  kvscope_test(
    NAME gui_window_test
    LABEL gui
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/window_test.cpp
    DEPS kvscope::app_shell Qt6::Test)
  kvscope_test(
    NAME gui_frames_test SERIAL
    LABEL gui
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/frames_test.cpp
    DEPS kvscope::app_shell Qt6::Test)
  kvscope_test(
    NAME gui_live_test SERIAL
    LABEL gui
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/live_test.cpp
    DEPS kvscope::app_shell kvscope::app_bridge Qt6::Test)
endif()
