// The nodes of an ONNX model, read from its protocol buffers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stand_in {

struct Node {
  std::string name;
  std::string op;
  std::string domain;
};

// Fields of a message as (number, bytes); numbers that are not length-delimited are left out.
inline std::vector<std::pair<std::uint64_t, std::string_view>> fields(std::string_view message) {
  std::vector<std::pair<std::uint64_t, std::string_view>> found;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0; at < message.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(message[at++]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    switch (key & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const std::uint64_t size = varint();
        if (size > message.size() - at) return found;
        found.emplace_back(key >> 3, message.substr(at, size));
        at += size;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return found;
    }
  }
  return found;
}

inline std::vector<Node> nodes(std::string_view model) {
  constexpr std::uint64_t kGraph = 7;
  constexpr std::uint64_t kNode = 1;
  std::vector<Node> list;
  for (const auto& [graph_number, graph] : fields(model)) {
    if (graph_number != kGraph) continue;
    for (const auto& [number, bytes] : fields(graph)) {
      if (number != kNode) continue;
      Node node;
      for (const auto& [part, text] : fields(bytes)) {
        if (part == 3) node.name = text;
        if (part == 4) node.op = text;
        if (part == 7) node.domain = text;
      }
      list.push_back(std::move(node));
    }
  }
  return list;
}

}  // namespace stand_in
