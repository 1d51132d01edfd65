# SPDX-License-Identifier: Apache-2.0
kvscope_test(
  NAME trace_ring_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ring_test.cpp ${CMAKE_CURRENT_LIST_DIR}/records_test.cpp
  DEPS kvscope::trace)
kvscope_test(
  NAME trace_file_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/round_trip_test.cpp ${CMAKE_CURRENT_LIST_DIR}/writer_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reader_test.cpp ${CMAKE_CURRENT_LIST_DIR}/head_range_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/support.cpp
  DEPS kvscope::trace PkgConfig::SQLITE3)
kvscope_test(
  NAME trace_export_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/export_test.cpp ${CMAKE_CURRENT_LIST_DIR}/summary_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/support.cpp
  DEPS kvscope::trace PkgConfig::SQLITE3)
