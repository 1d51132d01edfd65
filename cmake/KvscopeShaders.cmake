# SPDX-License-Identifier: Apache-2.0
# Compiles shaders/kernels/NAME.comp to SPIR-V at build time, checks it with spirv-val, and puts all of it as C++
# initialisers into the library kvscope_shaders.
find_program(KVSCOPE_GLSLC glslc REQUIRED)
find_program(KVSCOPE_SPIRV_VAL spirv-val REQUIRED)

# Variants of every kernel: `base` needs Vulkan 1.2 alone (reductions through shared memory), `sub` uses subgroup
# arithmetic, `count` is `sub` with every load and store counted (checks the traffic figures).
set(KVSCOPE_SHADER_VARIANTS base sub count)
set(KVSCOPE_SHADER_DEFINES_base "")
set(KVSCOPE_SHADER_DEFINES_sub -DKVS_SUBGROUP)
set(KVSCOPE_SHADER_DEFINES_count -DKVS_SUBGROUP -DKVS_COUNT_LOADS)

# kvscope_shader_library(SOURCE_DIR kernel ...)
function(kvscope_shader_library source_dir)
  set(table "${CMAKE_CURRENT_BINARY_DIR}/shader_table.cpp")
  set(content "// generated: SPIR-V of all kernels\n#include \"engine/kernels/shader_table.h\"\n#include <cstdint>\nnamespace {\n")
  set(rows "")
  set(outputs "")
  foreach(kernel ${ARGN})
    foreach(variant ${KVSCOPE_SHADER_VARIANTS})
      set(stem "${CMAKE_CURRENT_BINARY_DIR}/${kernel}_${variant}")
      add_custom_command(
        OUTPUT "${stem}.inc"
        COMMAND ${KVSCOPE_GLSLC} -fshader-stage=compute --target-env=vulkan1.2 -O -Werror -I "${PROJECT_SOURCE_DIR}"
                ${KVSCOPE_SHADER_DEFINES_${variant}} -MD -MF "${stem}.d" -MT "${stem}.inc"
                -o "${stem}.spv" "${source_dir}/kernels/${kernel}.comp"
        COMMAND ${KVSCOPE_SPIRV_VAL} --target-env vulkan1.2 "${stem}.spv"
        COMMAND ${KVSCOPE_GLSLC} -fshader-stage=compute --target-env=vulkan1.2 -O -I "${PROJECT_SOURCE_DIR}"
                ${KVSCOPE_SHADER_DEFINES_${variant}} -mfmt=num -o "${stem}.inc" "${source_dir}/kernels/${kernel}.comp"
        DEPENDS "${source_dir}/kernels/${kernel}.comp"
        DEPFILE "${stem}.d"
        COMMENT "shader ${kernel} (${variant})"
        VERBATIM)
      list(APPEND outputs "${stem}.inc")
      string(APPEND content "const std::uint32_t ${kernel}_${variant}[] = {\n#include \"${kernel}_${variant}.inc\"\n};\n")
      string(APPEND rows "    {\"${kernel}\", \"${variant}\", ${kernel}_${variant}},\n")
    endforeach()
  endforeach()
  string(APPEND content "const kvscope::kernels::ShaderBinary rows[] = {\n${rows}};\n}  // namespace\n"
         "namespace kvscope::kernels {\nstd::span<const ShaderBinary> shaderTable() { return rows; }\n}\n")
  file(GENERATE OUTPUT "${table}" CONTENT "${content}")
  add_library(kvscope_shaders STATIC "${table}")
  set_source_files_properties("${table}" PROPERTIES OBJECT_DEPENDS "${outputs}")
  target_include_directories(kvscope_shaders PUBLIC "${PROJECT_SOURCE_DIR}" PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
  add_library(kvscope::shaders ALIAS kvscope_shaders)
endfunction()
