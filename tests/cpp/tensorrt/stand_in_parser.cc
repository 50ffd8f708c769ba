// A stand-in for libnvonnxparser: checks the nodes and hands the file to the stand-in network.
#include <NvInfer.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "defaults.h"
#include "stand_in_network.h"

namespace {

class ParserError final : public nvonnxparser::DefaultIParserError {
 public:
  ParserError(int node, stand_in::Node where, std::string text)
      : node_(node), where_(std::move(where)), text_(std::move(text)) {}

  nvonnxparser::ErrorCode code() const override {
    return nvonnxparser::ErrorCode::kUNSUPPORTED_NODE;
  }
  const char* desc() const override { return text_.c_str(); }
  int node() const override { return node_; }
  const char* nodeName() const override { return where_.name.c_str(); }
  const char* nodeOperator() const override { return where_.op.c_str(); }

 private:
  int node_;
  stand_in::Node where_;
  std::string text_;
};

class Parser final : public nvonnxparser::DefaultIParser {
 public:
  explicit Parser(nvinfer1::INetworkDefinition& network) : network_(network) {}

  bool parse(const void* bytes, std::size_t size, const char* /*path*/) noexcept override {
    return read(std::string(static_cast<const char*>(bytes), size));
  }
  bool parseFromFile(const char* path, int /*verbosity*/) noexcept override {
    std::ifstream file(path, std::ios::binary);
    return read({std::istreambuf_iterator<char>(file), {}});
  }
  int getNbErrors() const noexcept override { return static_cast<int>(errors_.size()); }
  const nvonnxparser::IParserError* getError(int index) const noexcept override {
    return errors_[static_cast<std::size_t>(index)].get();
  }

 private:
  bool read(std::string bytes) {
    const auto nodes = stand_in::nodes(bytes);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (!nodes[i].domain.empty() || nodes[i].op.starts_with("NoSuch"))
        errors_.push_back(std::make_unique<ParserError>(
            static_cast<int>(i), nodes[i], "no importer is registered for " + nodes[i].op));
    if (!errors_.empty()) return false;
    const std::string problem = stand_in_set_model(network_, std::move(bytes));
    if (!problem.empty())
      errors_.push_back(std::make_unique<ParserError>(-1, stand_in::Node{}, problem));
    return problem.empty();
  }

  nvinfer1::INetworkDefinition& network_;
  std::vector<std::unique_ptr<ParserError>> errors_;
};

}  // namespace

extern "C" STAND_IN_EXPORT void* createNvOnnxParser_INTERNAL(void* network, void* /*logger*/,
                                                             int /*version*/) {
  return static_cast<nvonnxparser::IParser*>(
      new Parser(*static_cast<nvinfer1::INetworkDefinition*>(network)));
}
