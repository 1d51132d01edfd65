// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/model/operations.h"
#include "tests/engine/model/tiny_model.h"

namespace kvscope::test {

inline Result<model::Program> build(const TinyModel& tiny) {
    return model::buildProgram(tiny.open());
}

/// The kinds of a program's operations: E(mbed) N(orm) P(roduct) R(ope) (append) K A(ttend) G(ated) M(ap) (match norm)
/// L S(parse) (route) T (experts, gated) X (down) Y (stream mi)x I H(yper) C(ompress) (select) Z (c)O(py heads). A
/// space stands where a part of a layer begins: before each norm of the residual stream.
inline std::string kinds(const model::Program& program) {
    std::string text;
    for (const model::Operation& operation : program.operations) {
        const auto* norm = std::get_if<model::NormOp>(&operation);
        if (norm != nullptr && norm->in.slot == model::Slot::Hidden) text += ' ';
        text += "ENPRKAGMLSTXYIHCZO"[operation.index()];
    }
    return text;
}

}  // namespace kvscope::test
