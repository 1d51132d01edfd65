# SPDX-License-Identifier: Apache-2.0
set(gguf_tests "${CMAKE_CURRENT_LIST_DIR}")
add_library(kvscope_gguf_fixtures STATIC ${gguf_tests}/fixtures.cpp)
target_link_libraries(kvscope_gguf_fixtures PUBLIC kvscope::gguf PRIVATE kvscope::warnings)

kvscope_test(NAME gguf_test LABEL unit
             SOURCES ${gguf_tests}/blocks_test.cpp ${gguf_tests}/faults_test.cpp ${gguf_tests}/file_test.cpp
                     ${gguf_tests}/quote_test.cpp ${gguf_tests}/tensor_type_test.cpp ${gguf_tests}/values_test.cpp
                     ${gguf_tests}/writer_test.cpp ${gguf_tests}/damage_test.cpp ${gguf_tests}/agreement_test.cpp
                     ${gguf_tests}/byte_order_test.cpp ${gguf_tests}/split_test.cpp
             DEPS kvscope_gguf_fixtures)
target_compile_definitions(gguf_test PRIVATE GGUF_TEST_DATA="${gguf_tests}/data")
