// Models for the stand-in, sessions on them, and checks of what is left of both.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engines/registry.h"
#include "testing.h"

extern "C" {
#include "stand_in.h"
}

namespace hpinfer::ascend_testing {

inline const std::string kFixedModel =
    "stand-in om\nchoice fixed\nmemory 256 64\ninput x 0 2 3\noutput y 0 affine 0 2 1\n";
inline const std::string kBatchModel =
    "stand-in om\nchoice batch\nmemory 256 64\ninput x 0 -1 3\nset 1\nset 4\nset 8\n"
    "output y 0 affine 0 2 1\n";
inline const std::string kImageModel =
    "stand-in om\nchoice image\nmemory 256 64\ninput x 0 1 2 -1 -1\nset 2 3\nset 4 4\n"
    "output y 0 affine 0 2 1\noutput m 0 mean 0 1 0\n";
inline const std::string kDimsModel =
    "stand-in om\nchoice dims\nmemory 256 64\ninput x 0 -1 3\ninput z 9 -1\nset 1 3 5\nset 2 3 7\n"
    "output y 0 affine 0 2 1\noutput w 9 affine 1 3 0\n";
inline const std::string kFreeModel =
    "stand-in om\nchoice free\nmemory 256 64\ninput x 0 -1 -1\noutput y 0 affine 0 2 1\n";

inline SessionOptions npu(int streams = 1) {
  SessionOptions options;
  options.device = {DeviceType::kNpu, 0};
  options.num_streams = streams;
  return options;
}

inline std::shared_ptr<const Session> open_session(const std::string& model,
                                                   const SessionOptions& options = npu()) {
  const ModelSource source{{}, std::as_bytes(std::span(model.data(), model.size())), {}};
  return open_engine("om", {})->create_session(source, options);
}

// Fills the input with first, first + 1, ...
inline Tensor counted(DType dtype, const Shape& shape, int first = 0) {
  Tensor tensor = Tensor::allocate(dtype, shape);
  for (std::size_t i = 0; i < shape.num_elements(); ++i) {
    const int value = first + static_cast<int>(i);
    if (dtype == DType::kFloat32) tensor.elements<float>()[i] = static_cast<float>(value);
    if (dtype == DType::kInt64) tensor.elements<std::int64_t>()[i] = value;
  }
  return tensor;
}

inline std::vector<Tensor> run(const Session& session, const std::vector<TensorView>& inputs) {
  std::vector<Tensor> outputs(session.outputs().size());
  session.run(inputs, outputs);
  return outputs;
}

// Whether every element is 2 * input + 1.
inline bool is_affine(const Tensor& input, const Tensor& output) {
  const auto from = input.elements<float>();
  const auto to = output.elements<float>();
  bool equal = from.size() == to.size();
  for (std::size_t i = 0; equal && i < from.size(); ++i) equal = to[i] == 2 * from[i] + 1;
  return equal;
}

// Nothing of the device is left, and nothing was done wrong.
inline void expect_clean(const char* file, int line) {
  testing::expect_equal(stand_in_live(-1), 0, "objects that are left", file, line);
  testing::expect_equal(std::string(stand_in_first_violation()), std::string(), "violation", file,
                        line);
}

}  // namespace hpinfer::ascend_testing

#define EXPECT_CLEAN() ::hpinfer::ascend_testing::expect_clean(__FILE__, __LINE__)
