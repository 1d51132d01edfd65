# SPDX-License-Identifier: Apache-2.0
# The training recipe, with the system's Python; skipped (code 77) where numpy, torch or regex is missing.
find_program(KVSCOPE_SYSTEM_PYTHON python3 HINTS /usr/bin)
if(KVSCOPE_SYSTEM_PYTHON)
  add_test(NAME TrainingRecipe COMMAND ${KVSCOPE_SYSTEM_PYTHON} "${CMAKE_CURRENT_LIST_DIR}/recipe_test.py")
  add_test(NAME TrainingSiblings COMMAND ${KVSCOPE_SYSTEM_PYTHON} "${CMAKE_CURRENT_LIST_DIR}/siblings_test.py")
  set_tests_properties(TrainingRecipe TrainingSiblings PROPERTIES LABELS model TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
