#include "models/image_classifier.h"

#include <algorithm>
#include <numeric>

#include "core/thread_pool.h"
#include "models/network_output.h"
#include "models/picture_batches.h"

namespace hpinfer::models {
namespace {

constexpr std::string_view kNetwork = "the classification network";

}  // namespace

ImageClassifier::ImageClassifier(std::shared_ptr<const Session> session,
                                 const std::vector<vision::Operator>& operators,
                                 std::shared_ptr<const Accelerator> accelerator)
    : session_(std::move(session)),
      plan_(vision::TransformPlan::compile(operators)),
      input_(std::move(accelerator), static_cast<std::size_t>(session_->options().num_streams)) {
  check(session_->inputs().size() == 1 && session_->inputs()[0].shape.rank() == 4 &&
            session_->outputs().size() == 1,
        ErrorCode::kModelFormat,
        "a classification model has one input [N,3,H,W] and one output [N,K]");
}

std::vector<std::vector<float>> ImageClassifier::classify(std::span<const ImageView> images,
                                                          int batch_size) const {
  check(batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        batch_size);
  for (const ImageView& image : images)
    check(!image.empty(), ErrorCode::kInvalidInput,
          "classification needs pictures with at least one pixel; got ", image.width, "x",
          image.height);
  std::vector<std::vector<float>> scores(images.size());
  std::vector<vision::Placement> placements;
  for (const ImageView& image : images)
    placements.push_back(plan_.place(image.height, image.width));
  const auto runs = picture_runs(placements, batch_size);
  thread_pool().parallel_for(
      static_cast<int>(runs.size()),
      [&](int i) {
        const auto [begin, count] = runs[static_cast<std::size_t>(i)];
        classify_run(images.subspan(begin, count), std::span(placements).subspan(begin, count),
                     std::span(scores).subspan(begin, count));
      },
      session_->options().num_streams);
  return scores;
}

void ImageClassifier::classify_run(std::span<const ImageView> images,
                                   std::span<const vision::Placement> placements,
                                   std::span<std::vector<float>> scores) const {
  std::vector<PlacedPicture> pictures;
  pictures.reserve(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) pictures.push_back({images[i], placements[i]});
  const Tensor input = input_.make(plan_, pictures);
  Tensor output;
  session_->run({&input.view(), 1}, {&output, 1});
  check(output.shape().rank() == 2 &&
            output.shape()[0] == static_cast<std::int64_t>(images.size()) && output.shape()[1] > 0,
        ErrorCode::kModelFormat, "a classification model must give [", images.size(),
        ",K] for as many pictures; got ", output.shape().to_string());
  const auto classes = static_cast<std::size_t>(output.shape()[1]);
  const auto values = float_values(output, kNetwork);
  check_finite(values, kNetwork);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto row = values.subspan(i * classes, classes);
    scores[i].assign(row.begin(), row.end());
  }
}

std::vector<int> top_classes(std::span<const float> scores, int k) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return scores[static_cast<std::size_t>(a)] < scores[static_cast<std::size_t>(b)];
  });
  std::reverse(order.begin(), order.end());
  order.resize(std::min(order.size(), static_cast<std::size_t>(std::max(k, 0))));
  return order;
}

}  // namespace hpinfer::models
