// From an ONNX model to a TensorRT plan.
#pragma once

#include "engines/engine.h"
#include "engines/tensorrt/library.h"

namespace hpinfer::tensorrt {

// Whether the bytes are an ONNX model; anything else is taken for a plan.
bool is_onnx(std::span<const std::byte> bytes);

// Builds; minutes on a GPU. Builds of one process run one after the other: TensorRT measures
// kernels, and a second build on the same GPU would spoil the times.
//
// Throws Error: kModelFormat (the parser's words with the failing node), kConfig (profiles),
// kUnsupported, kEngine (the builder's words), kCancelled.
CompiledModel build_plan(const Library& library, const ModelSource& model,
                         const SessionOptions& options, std::span<const std::byte> timing_cache,
                         const ProgressFunction& progress);

}  // namespace hpinfer::tensorrt
