// SPDX-License-Identifier: Apache-2.0
// Extensions and constants of every kernel. Specialisation constant 0 is always the workgroup size.
#extension GL_GOOGLE_include_directive : require
#ifdef KVS_SUBGROUP
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 0) const uint LOCAL = 8u;
