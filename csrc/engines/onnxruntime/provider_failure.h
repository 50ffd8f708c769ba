// Why an execution provider does not start, and what helps.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace hpinfer::ort {

// What to install, for the loader's complaint about a missing library or CUDA's about the driver;
// begins with ": ", and is empty for any other message.
std::string provider_remedy(std::string_view message);

// CUDA's words without the host's name and the places in ONNX Runtime's source behind them.
std::string plain_failure(std::string_view message);

// Whether it is the machine's fault: a provider found no GPU or no driver that works.
bool is_device_failure(std::string_view message);

}  // namespace hpinfer::ort
