// The compiled model as AscendCL loads it, once for each context.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "engines/ascend/context.h"
#include "engines/engine.h"

namespace hpinfer::ascend {

// How much memory of the device a model needs.
struct ModelMemory {
  std::size_t workspace = 0;  // for each loaded copy
  std::size_t weights = 0;    // once: copies only read them
};

// Keeps bytes that came from memory; a file is read again for each copy and must stay what it was.
class ModelFile {
 public:
  explicit ModelFile(const ModelSource& source);

  // Throw Error: kModelFormat if AscendCL cannot read the model, kModelNotFound if the file is not
  // any more what it was at first, kEngine for the rest.
  ModelMemory memory(const Api& api) const;
  std::uint32_t load(const Api& api, const ModelMemory& memory, void* workspace,
                     void* weights) const;

 private:
  void check_unchanged() const;

  std::filesystem::path path_;
  std::vector<std::byte> bytes_;
  std::uintmax_t size_ = 0;
  std::filesystem::file_time_type time_{};
};

// Weights on the device, for all copies of a model.
class SharedWeights {
 public:
  SharedWeights(const Api& api, int device, std::size_t bytes);
  ~SharedWeights();
  SharedWeights(const SharedWeights&) = delete;
  SharedWeights& operator=(const SharedWeights&) = delete;

  void* data() const noexcept { return buffer_ ? buffer_->data() : nullptr; }

 private:
  Context context_;
  std::unique_ptr<DeviceBuffer> buffer_;
};

}  // namespace hpinfer::ascend
