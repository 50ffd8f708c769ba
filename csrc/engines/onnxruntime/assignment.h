// Which execution provider ONNX Runtime gave each node of a graph to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// Provider to operator to nodes of it.
using Assignment = std::map<std::string, std::map<std::string, int>>;

// Key of the session options that makes a session remember it.
inline constexpr const char* kRecordAssignment = "session.record_ep_graph_assignment_info";

// Nothing before release 1.24, which does not tell.
std::optional<Assignment> node_assignment(const Api& api, const abi::Session* session);

// What is to be said of a session that was meant for these providers. ONNX Runtime keeps the small
// arithmetic of shapes on the CPU, which is no more than a note; a warning is logged where a node
// that computes is there too. Throws Error(kUnsupported) if no node at all is on the providers.
std::vector<std::string> judge_assignment(const Assignment& assignment,
                                          const std::vector<ProviderOptions>& providers);

}  // namespace hpinfer::ort
