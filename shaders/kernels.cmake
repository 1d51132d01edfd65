# SPDX-License-Identifier: Apache-2.0
# The list of kernels: one line each.
kvscope_shader_library(
  "${PROJECT_SOURCE_DIR}/shaders"
  embed
  norm
  mat_mul
  rope_append
  attn_decode
  attn_combine
  attn_scores
  attn_error
  kv_move
  map
  copy_heads
  match_norm
  sparse
  stream_mix
  hyper
  route
  compress_store
  compress_pool
  index_scores
  index_select
)
