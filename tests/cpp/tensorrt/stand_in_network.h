// The network of the stand-in: ONNX bytes, and ONNX Runtime to run them.
#pragma once

#include <NvInfer.h>

#include <memory>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "stand_in_onnx.h"

#ifndef STAND_IN_EXPORT
#define STAND_IN_EXPORT __attribute__((visibility("default")))
#endif

namespace stand_in {

struct Model {
  std::string bytes;
  std::vector<Node> nodes;
  std::shared_ptr<const hpinfer::Session> session;
};

// Throws hpinfer::Error if ONNX Runtime cannot load it.
std::shared_ptr<const Model> load_model(std::string bytes);

nvinfer1::Dims dims_of(const hpinfer::Shape& shape);
hpinfer::Shape shape_of(const nvinfer1::Dims& dims);
nvinfer1::DataType type_of(hpinfer::DType dtype);

// TensorRT's public classes point to an implementation; this is one of them with its own.
template <typename Interface, typename Implementation>
class Facade final : public Interface {
 public:
  template <typename... Arguments>
  explicit Facade(Arguments&&... arguments)
      : implementation(std::forward<Arguments>(arguments)...) {
    if constexpr (std::is_base_of_v<nvinfer1::ILayer, Interface>)
      this->mLayer = &implementation;
    else
      this->mImpl = &implementation;
  }
  ~Facade() noexcept override = default;
  Implementation implementation;
};

}  // namespace stand_in

// For the parser, which is a library of its own: gives the network its model. An empty result is
// success, else the reason.
STAND_IN_EXPORT std::string stand_in_set_model(nvinfer1::INetworkDefinition& network,
                                               std::string bytes);
