#include "engines/onnxruntime/bound_run.h"

namespace hpinfer::ort {
namespace {

std::optional<Failure> bind(const Api& api, abi::IoBinding* binding, const TensorNames& names,
                            std::span<const Handle<abi::Value>> inputs,
                            std::span<const BoundOutput> outputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const abi::Value* value = inputs[i].get();
    if (auto failure = api.try_call<abi::BindInput>(binding, names.inputs[i], value))
      return failure;
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const abi::Value* value = outputs[i].value.get();
    auto failure =
        value != nullptr
            ? api.try_call<abi::BindOutput>(binding, names.outputs[i], value)
            : api.try_call<abi::BindOutputToDevice>(binding, names.outputs[i], outputs[i].memory);
    if (failure) return failure;
  }
  return std::nullopt;
}

// The values of all outputs, in the order in which they were bound.
std::vector<Handle<abi::Value>> bound_values(const Api& api, const abi::IoBinding* binding) {
  abi::Value** values = nullptr;
  std::size_t count = 0;
  api.call<abi::GetBoundOutputValues>(binding, api.default_allocator(), &values, &count);
  std::vector<Handle<abi::Value>> owned;
  owned.reserve(count);
  for (std::size_t i = 0; i < count; ++i) owned.push_back(api.own<abi::ReleaseValue>(values[i]));
  api.call<abi::AllocatorFree>(api.default_allocator(), static_cast<void*>(values));
  return owned;
}

}  // namespace

std::optional<Failure> run_bound(const Api& api, abi::Session* session,
                                 const abi::RunOptions* options, const TensorNames& names,
                                 std::span<const Handle<abi::Value>> inputs,
                                 std::span<BoundOutput> outputs) {
  const auto binding = api.create<abi::CreateIoBinding, abi::ReleaseIoBinding>(session);
  if (auto failure = bind(api, binding.get(), names, inputs, outputs)) return failure;
  const abi::IoBinding* bound = binding.get();
  if (auto failure = api.try_call<abi::RunWithBinding>(session, options, bound)) return failure;
  std::vector<Handle<abi::Value>> values = bound_values(api, bound);
  check(values.size() == outputs.size(), ErrorCode::kEngine, "ONNX Runtime returned ",
        values.size(), " of ", outputs.size(), " outputs");
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].value == nullptr) outputs[i].value = std::move(values[i]);
  return std::nullopt;
}

}  // namespace hpinfer::ort
