# SPDX-License-Identifier: Apache-2.0
if(TARGET kvscope_app_shell)
  add_executable(kvscope_synthetic_window ${CMAKE_CURRENT_LIST_DIR}/synthetic_window.cpp)
  target_link_libraries(kvscope_synthetic_window PRIVATE kvscope::app_shell kvscope::warnings)
endif()
