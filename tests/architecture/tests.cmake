# SPDX-License-Identifier: Apache-2.0
# Rules of the tree that no compiler enforces; Python's standard library is enough.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME Architecture.Sources COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/rules.py")
add_test(NAME Architecture.RulesFindBreaches COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/rules_test.py")
set(architecture_tests Architecture.Sources Architecture.RulesFindBreaches)
if(CMAKE_GENERATOR STREQUAL "Ninja" AND TARGET kvscope-cli)
  add_test(NAME Architecture.CommandLineLinksNoQt COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/rules.py"
                                                          --ninja "${PROJECT_BINARY_DIR}/build.ninja")
  list(APPEND architecture_tests Architecture.CommandLineLinksNoQt)
endif()
set_tests_properties(${architecture_tests} PROPERTIES LABELS architecture TIMEOUT 60)
