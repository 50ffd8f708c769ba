// One copy of a model on a device: its memory, its data sets, its runs.
#pragma once

#include <memory>
#include <vector>

#include "core/buffer_pool.h"
#include "engines/ascend/context.h"
#include "engines/ascend/model_file.h"
#include "engines/ascend/signature.h"

namespace hpinfer::ascend {

// Results in memory of the host that goes back to the pool when they die. They may outlive the
// session.
Tensor take_result(const std::shared_ptr<BufferPool>& pool, DType dtype, const Shape& shape);

// Buffers of the device with AscendCL's own objects around them.
class DataSet {
 public:
  explicit DataSet(const Api& api);
  ~DataSet();
  DataSet(const DataSet&) = delete;
  DataSet& operator=(const DataSet&) = delete;

  // Appends a buffer; 0 bytes leave the memory to AscendCL.
  void add(std::size_t bytes);
  // Makes the buffer at `index` one of this many bytes.
  const DeviceBuffer& resize(std::size_t index, std::size_t bytes);
  // Frees what AscendCL allocated for buffers without memory. Throws Error(kEngine).
  void free_allocated();

  abi::Dataset* get() const noexcept { return dataset_; }
  const DeviceBuffer& memory(std::size_t index) const { return *slots_[index].memory; }
  const abi::DataBuffer* buffer(std::size_t index) const { return slots_[index].buffer; }

 private:
  struct Slot {
    std::unique_ptr<DeviceBuffer> memory;
    abi::DataBuffer* buffer = nullptr;
  };

  void destroy() noexcept;

  const Api& api_;
  abi::Dataset* dataset_ = nullptr;
  std::vector<Slot> slots_;
};

// Made, used and destroyed in one context, by one thread at a time.
class LoadedModel {
 public:
  LoadedModel(const Api& api, const ModelFile& file, const ModelMemory& memory, void* weights);
  ~LoadedModel();
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const Signature& signature() const noexcept { return signature_; }
  // The shapes of all outputs for a set of input shapes.
  std::vector<Shape> output_shapes(const ShapeSet& set);
  void run(std::span<const TensorView> inputs, std::span<Tensor> outputs,
           const std::shared_ptr<BufferPool>& results);

 private:
  class TensorDescs;

  void read_signature();
  void make_data_sets();
  void choose(const ShapeSet& set);
  std::vector<Shape> current_output_shapes() const;
  void send(std::size_t input, const TensorView& view);
  void tell_shapes(std::span<const TensorView> inputs, TensorDescs& descs);
  void execute();
  void run_free(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                const std::shared_ptr<BufferPool>& results);
  void fetch_allocated(std::span<Tensor> outputs, const std::shared_ptr<BufferPool>& results) const;
  Shape shape_after_run(std::size_t output) const;
  void fetch(std::size_t output, const Shape& shape, const void* from, std::size_t available,
             Tensor& target, const std::shared_ptr<BufferPool>& results) const;

  const Api& api_;
  DeviceBuffer workspace_;
  std::uint32_t id_ = 0;
  abi::ModelDesc* desc_ = nullptr;
  Signature signature_;
  std::unique_ptr<DataSet> inputs_;
  std::unique_ptr<DataSet> outputs_;
};

}  // namespace hpinfer::ascend
