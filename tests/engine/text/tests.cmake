# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
set(text_tests "${CMAKE_CURRENT_LIST_DIR}")
kvscope_test(NAME text_test LABEL unit
             SOURCES ${text_tests}/agreement_test.cpp ${text_tests}/bpe_test.cpp ${text_tests}/faults_test.cpp
                     ${text_tests}/kinds_test.cpp ${text_tests}/pre_names_test.cpp
                     ${text_tests}/pre_tokenizer_test.cpp ${text_tests}/roles_test.cpp
                     ${text_tests}/special_tokens_test.cpp ${text_tests}/speed_test.cpp ${text_tests}/spm_test.cpp
                     ${text_tests}/stream_decoder_test.cpp ${text_tests}/utf8_test.cpp
             DEPS kvscope::text nlohmann_json::nlohmann_json)
target_compile_definitions(text_test PRIVATE TEXT_TEST_DATA="${text_tests}/data")
