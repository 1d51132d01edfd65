// SPDX-License-Identifier: Apache-2.0
#include "engine/base/error.h"

namespace kvscope {

int exitCode(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::BadUsage:
        case ErrorKind::BadPolicy:
            return 2;
        case ErrorKind::BadFile:
        case ErrorKind::Unsupported:
            return 3;
        case ErrorKind::NoDevice:
            return 4;
        case ErrorKind::Cancelled:
            return 130;
        case ErrorKind::Io:
        case ErrorKind::OutOfMemory:
        case ErrorKind::DeviceLost:
        case ErrorKind::Internal:
            return 1;
    }
    return 1;
}

}  // namespace kvscope
