#include "core/error.h"

namespace hpinfer {

std::string_view error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return "invalid_input";
    case ErrorCode::kInvalidType:
      return "invalid_type";
    case ErrorCode::kModelNotFound:
      return "model_not_found";
    case ErrorCode::kModelFormat:
      return "model_format";
    case ErrorCode::kEngineUnavailable:
      return "engine_unavailable";
    case ErrorCode::kEngine:
      return "engine";
    case ErrorCode::kConfig:
      return "config";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kTimeLimit:
      return "time_limit";
    case ErrorCode::kOutOfMemory:
      return "out_of_memory";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace hpinfer
