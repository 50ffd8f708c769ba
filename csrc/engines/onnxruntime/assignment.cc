#include "engines/onnxruntime/assignment.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/log.h"

namespace hpinfer::ort {
namespace {

constexpr std::string_view kCpu = "CPUExecutionProvider";

// Operators whose time counts: on the CPU they cost a copy there and back besides.
constexpr std::array<std::string_view, 20> kHeavy{
    "Attention",  "AveragePool", "BatchNormalization", "Conv",   "ConvTranspose",
    "Einsum",     "FusedConv",   "FusedMatMul",        "Gemm",   "GlobalAveragePool",
    "GridSample", "GRU",         "LayerNormalization", "LSTM",   "MatMul",
    "MaxPool",    "NhwcConv",    "NonMaxSuppression",  "Resize", "Softmax"};

std::string listed(const std::map<std::string, int>& operators) {
  std::string text;
  for (const auto& [type, count] : operators)
    text += (text.empty() ? "" : ", ") + type + " " + std::to_string(count);
  return text;
}

int nodes_of(const std::map<std::string, int>& operators) {
  int nodes = 0;
  for (const auto& [type, count] : operators) nodes += count;
  return nodes;
}

void count_nodes(const Api& api, const abi::EpAssignedSubgraph* subgraph, Assignment& assignment) {
  const char* provider = nullptr;
  api.call<abi::EpAssignedSubgraphGetEpName>(subgraph, &provider);
  const abi::EpAssignedNode* const* nodes = nullptr;
  std::size_t count = 0;
  api.call<abi::EpAssignedSubgraphGetNodes>(subgraph, &nodes, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* type = nullptr;
    api.call<abi::EpAssignedNodeGetOperatorType>(nodes[i], &type);
    ++assignment[provider][type];
  }
}

}  // namespace

std::optional<Assignment> node_assignment(const Api& api, const abi::Session* session) {
  if (api.find<abi::SessionGetEpGraphAssignmentInfo>() == nullptr) return std::nullopt;
  const abi::EpAssignedSubgraph* const* subgraphs = nullptr;
  std::size_t count = 0;
  api.call<abi::SessionGetEpGraphAssignmentInfo>(session, &subgraphs, &count);
  Assignment assignment;
  for (std::size_t i = 0; i < count; ++i) count_nodes(api, subgraphs[i], assignment);
  return assignment;
}

std::vector<std::string> judge_assignment(const Assignment& assignment,
                                          const std::vector<ProviderOptions>& providers) {
  int total = 0;
  for (const auto& [provider, operators] : assignment) total += nodes_of(operators);
  const bool reached = std::any_of(
      providers.begin(), providers.end(),
      [&](const ProviderOptions& provider) { return assignment.contains(provider.name); });
  check(reached || total == 0, ErrorCode::kUnsupported, "ONNX Runtime put all ", total,
        " nodes of the model on the CPU, none on ", providers.empty() ? "" : providers.front().name,
        ": the provider has none of its operators; use device 'cpu'");
  const auto cpu = assignment.find(std::string(kCpu));
  if (cpu == assignment.end()) return {};
  std::string note = std::to_string(nodes_of(cpu->second)) + " of " + std::to_string(total) +
                     " nodes run on the CPU: " + listed(cpu->second);
  const bool heavy = std::any_of(cpu->second.begin(), cpu->second.end(), [](const auto& entry) {
    return std::find(kHeavy.begin(), kHeavy.end(), entry.first) != kHeavy.end();
  });
  if (heavy) log(LogLevel::kWarning, "onnxruntime: " + note);
  return {std::move(note)};
}

}  // namespace hpinfer::ort
