# SPDX-License-Identifier: Apache-2.0
# The desktop program: a library a folder (an arrow of the design is a link line) and the program kvscope.
find_package(Qt6 6.4 REQUIRED COMPONENTS Core Gui Widgets PrintSupport Svg)
find_package(QCustomPlotQt6 REQUIRED)

foreach(folder settings models bridge plots views shell)
  add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/${folder} ${CMAKE_BINARY_DIR}/app/${folder})
  set_target_properties(kvscope_app_${folder} PROPERTIES AUTOMOC ON AUTORCC ON)
endforeach()

add_executable(kvscope ${PROJECT_SOURCE_DIR}/app/main.cpp)
target_link_libraries(kvscope PRIVATE kvscope::app_shell kvscope::app_bridge kvscope::warnings)
include(GNUInstallDirs)
install(TARGETS kvscope RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/resources/models/kjv-gqa-q8_0.gguf
              ${PROJECT_SOURCE_DIR}/resources/models/kjv-gemma4-q8_0.gguf
              ${PROJECT_SOURCE_DIR}/resources/models/kjv-mla-q8_0.gguf
        DESTINATION ${CMAKE_INSTALL_DATADIR}/kvscope/models)
