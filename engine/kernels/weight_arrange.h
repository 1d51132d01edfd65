// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace kvscope::kernels {

/// Moves the bits of one block about, inside its bytes, so that a run of 32 values lies together: its low nibbles as 16
/// bytes (value j low, value 16 + j high), its upper bits in words of their own. No bit is lost or changed.
/// Q4_K: nibbles by group. 144 bytes.
void arrangeQ4_K(std::byte* block);
/// Q5_K: nibbles by group; the fifth bits of group g as word g, bit j of byte i for value 4 j + i. 176 bytes.
void arrangeQ5_K(std::byte* block);
/// Q6_K: low nibbles by run; upper pairs of bits as two words a run: bits 2 (j mod 4) of byte i of word j / 4 for value
/// 4 j + i. 210 bytes.
void arrangeQ6_K(std::byte* block);

}  // namespace kvscope::kernels
