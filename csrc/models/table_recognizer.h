// Structure of tables: HTML tokens and cell boxes (SLANet, SLANet_plus, SLANeXt).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "postprocess/table_structure.h"
#include "vision/plan.h"

namespace hpinfer::models {

// What boxes of 0 to 1 are relative to.
enum class TableBoxUnit {
  kPicture,  // the picture itself (SLANet, PaddleOCR 2's models)
  kPadded,   // the square that the resized picture is padded to (SLANet_plus, SLANeXt)
};

// Thread-safe: one object, any number of threads.
class TableRecognizer {
 public:
  // The model takes [N,3,S,S] float32 and gives, in any order, [N,T,C] token probabilities with C =
  // vocabulary.classes() and [N,T,4] or [N,T,8] boxes; or the probabilities alone.
  TableRecognizer(std::shared_ptr<const Session> session,
                  const std::vector<vision::Operator>& operators,
                  postprocess::TableVocabulary vocabulary, TableBoxUnit unit);

  // The structure of each BGR picture of a table, in order; boxes in its own pixels.
  std::vector<postprocess::TableStructure> recognize(std::span<const ImageView> images,
                                                     int batch_size) const;

  const Session& session() const noexcept { return *session_; }

 private:
  struct Outputs {
    const Tensor* probabilities = nullptr;
    const Tensor* boxes = nullptr;
  };

  void recognize_batch(std::span<const ImageView> images,
                       std::span<postprocess::TableStructure> tables) const;
  Outputs find_outputs(std::span<const Tensor> outputs, std::size_t pictures) const;
  postprocess::TableOutput output_of(const Outputs& outputs, std::size_t row,
                                     const vision::Placement& placement) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  postprocess::TableVocabulary vocabulary_;
  TableBoxUnit unit_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models
