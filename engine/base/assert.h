// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace kvscope {

/// Thrown when an invariant of our own is broken; caught only at the top of the engine thread and of main.
class InternalError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

}  // namespace kvscope

#define KVS_STRINGIFY_(x) #x
#define KVS_STRINGIFY(x) KVS_STRINGIFY_(x)
/// States an invariant of ours, in release builds too. Never a guard against input.
#define KVS_ASSERT(condition)                                                                                 \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            throw ::kvscope::InternalError(__FILE__ ":" KVS_STRINGIFY(__LINE__) ": " #condition " is false"); \
        }                                                                                                     \
    } while (false)
