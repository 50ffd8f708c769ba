// TransformPlan::compile and explain: validation of the operator list and the plan in words.
#include <cmath>
#include <sstream>

#include "vision/plan.h"

namespace hpinfer::vision {
namespace {

constexpr int kMaxMultiple = 4096;

void check_side(std::string_view what, int value) {
  check(value > 0 && value <= kMaxSide, ErrorCode::kConfig, what, " must be 1 to ", kMaxSide,
        " pixels; got ", value);
}

void check_size(std::string_view what, const PixelSize& size) {
  check_side(what, size.width);
  check_side(what, size.height);
}

void check_multiple(std::string_view what, int value) {
  check(value > 0 && value <= kMaxMultiple, ErrorCode::kConfig, what,
        ": the multiple must be 1 to ", kMaxMultiple, "; got ", value);
}

}  // namespace

struct TransformPlan::Compiler {
  TransformPlan plan;
  bool normalized = false;
  bool chw = false;
  bool padded_after = false;  // the padding came after the normalisation

  template <typename Op>
  void set_resize(std::string_view name, const Op& op) {
    check(plan.resize_.index() == 0, ErrorCode::kConfig, name,
          ": a plan has one resize; this is the second");
    check(!plan.crop_ && !plan.pad_ && !normalized && !chw, ErrorCode::kConfig, name,
          " must come before CenterCrop, Pad, Normalize and ToChw");
    plan.resize_ = op;
  }

  void operator()(const DetResize& op) {
    check_side("DetResize limit_side_len", op.limit_side_len);
    check_side("DetResize max_side_limit", op.max_side_limit);
    check_multiple("DetResize", op.multiple);
    if (op.fixed) check_size("DetResize fixed size", *op.fixed);
    set_resize("DetResize", op);
  }

  void operator()(const RecResize& op) {
    check_size("RecResize size", {op.width, op.height});
    check(op.max_width >= op.width && op.max_width <= kMaxSide, ErrorCode::kConfig,
          "RecResize max_width must be at least the width ", op.width, "; got ", op.max_width);
    set_resize("RecResize", op);
  }

  void operator()(const ResizeExact& op) {
    check_size("ResizeExact size", op.size);
    set_resize("ResizeExact", op);
  }

  void operator()(const ResizeSide& op) {
    check_side("ResizeSide side", op.side);
    check_multiple("ResizeSide", op.multiple);
    set_resize("ResizeSide", op);
  }

  void operator()(const ResizeKeepRatio& op) {
    check_size("ResizeKeepRatio size", op.size);
    check_multiple("ResizeKeepRatio", op.multiple);
    set_resize("ResizeKeepRatio", op);
  }

  void operator()(const CenterFrame& op) {
    if (!op.keep_size) check_size("CenterFrame size", op.size);
    set_resize("CenterFrame", op);
  }

  void operator()(const CenterCrop& op) {
    check_size("CenterCrop size", op.size);
    check(!plan.crop_, ErrorCode::kConfig, "CenterCrop: a plan has one crop; this is the second");
    check(!plan.pad_ && !normalized && !chw, ErrorCode::kConfig,
          "CenterCrop must come before Pad, Normalize and ToChw");
    check(!std::holds_alternative<RecResize>(plan.resize_), ErrorCode::kConfig,
          "CenterCrop cannot follow RecResize, which pads");
    plan.crop_ = op;
  }

  void operator()(const SetColorOrder& op) {
    check(op.to != ColorOrder::kGray, ErrorCode::kUnsupported,
          "SetColorOrder: gray is not supported; supported are bgr and rgb");
    check(!plan.color_, ErrorCode::kConfig, "SetColorOrder appears twice");
    check(!plan.pad_ && !normalized && !chw, ErrorCode::kConfig,
          "SetColorOrder must come before Pad, Normalize and ToChw");
    plan.color_ = op.to;
  }

  void operator()(const Normalize& op) {
    check(!normalized, ErrorCode::kConfig, "Normalize appears twice");
    check(!chw, ErrorCode::kConfig, "Normalize must come before ToChw");
    check(std::isfinite(op.scale), ErrorCode::kConfig, "Normalize: scale must be finite");
    for (std::size_t c = 0; c < 3; ++c)
      check(std::isfinite(op.mean[c]) && std::isfinite(op.std[c]) && op.std[c] != 0.0,
            ErrorCode::kConfig, "Normalize: mean must be finite and std finite and not 0; got ",
            op.mean[c], " and ", op.std[c], " for channel ", c);
    plan.normalize_ = op;
    normalized = true;
  }

  void operator()(const Pad& op) {
    check(!plan.pad_, ErrorCode::kConfig, "Pad: a plan has one padding; this is the second");
    if (op.multiple != 0) {
      check_multiple("Pad", op.multiple);
    } else {
      check_size("Pad size", op.size);
    }
    padded_after = normalized;
    for (const float value : op.fill)
      check(std::isfinite(value), ErrorCode::kConfig, "Pad: the fill must be finite");
    plan.pad_ = op;
  }

  void operator()(const ToChw&) {
    check(!chw, ErrorCode::kConfig, "ToChw appears twice");
    chw = true;
  }

  // The fill as it is in the tensor: a padding before the normalisation goes through it.
  void resolve_fill() {
    if (!plan.pad_) return;
    plan.fill_ = plan.pad_->fill;
    if (padded_after || !normalized) return;
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = plan.pad_->fill[c];
      check(value >= 0.0F && value <= 255.0F && value == std::trunc(value), ErrorCode::kConfig,
            "Pad before Normalize fills with a pixel value 0 to 255; got ", value);
      plan.fill_[c] = plan.normalizer_.channels[c].table[static_cast<std::size_t>(value)];
    }
  }

  TransformPlan finish() {
    check(chw, ErrorCode::kConfig,
          "the operators must include ToChw: the tensor is always channels first");
    if (!normalized) plan.normalize_ = Normalize{.scale = 1.0};
    plan.normalizer_ = build_normalizer(plan.normalize_);
    resolve_fill();
    return std::move(plan);
  }
};

TransformPlan TransformPlan::compile(std::span<const Operator> operators) {
  Compiler compiler;
  for (const Operator& op : operators) std::visit(compiler, op);
  return compiler.finish();
}

namespace {

std::string_view limit_name(DetResize::Limit limit) {
  switch (limit) {
    case DetResize::Limit::kMax:
      return "max";
    case DetResize::Limit::kMin:
      return "min";
    case DetResize::Limit::kResizeLong:
      return "resize_long";
  }
  return "unknown";
}

std::string_view form_name(NormalizeForm form) {
  switch (form) {
    case NormalizeForm::kMultiplyAdd:
      return "multiply-add";
    case NormalizeForm::kQuotient:
      return "quotient";
    case NormalizeForm::kTable:
      return "table";
  }
  return "unknown";
}

std::string_view sampling_words(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return "nearest as OpenCV, by a kernel of its own before the normalisation";
    case Interpolation::kCubic:
      return "bicubic as OpenCV, by a kernel of its own before the normalisation";
    case Interpolation::kArea:
      return "area as OpenCV, by a kernel of its own before the normalisation";
    case Interpolation::kLanczos4:
      return "Lanczos as OpenCV, by a kernel of its own before the normalisation";
    case Interpolation::kPilBilinear:
      return "bilinear as Pillow, by a kernel of its own before the normalisation";
    case Interpolation::kPilBicubic:
      return "bicubic as Pillow, by a kernel of its own before the normalisation";
    case Interpolation::kLinear:
      break;
  }
  return "bilinear as OpenCV";
}

struct ResizeInWords {
  std::ostream& out;

  void operator()(std::monostate) const { out << "resize: none"; }
  void operator()(const DetResize& op) const {
    if (op.fixed) {
      out << "resize: to " << op.fixed->width << "x" << op.fixed->height;
    } else {
      out << "resize: limit " << limit_name(op.limit_type) << " " << op.limit_side_len
          << ", longest side " << op.max_side_limit << ", multiples of " << op.multiple;
    }
    out << " (tiny pictures zero-padded to 32 first)";
  }
  void operator()(const RecResize& op) const {
    out << "resize: to height " << op.height << ", tensor width " << op.width << " to "
        << op.max_width;
  }
  void operator()(const ResizeExact& op) const {
    out << "resize: to " << op.size.width << "x" << op.size.height;
  }
  void operator()(const ResizeSide& op) const {
    out << "resize: " << (op.which == ResizeSide::Which::kShort ? "short" : "long") << " side to "
        << op.side << ", multiples of " << op.multiple;
  }
  void operator()(const ResizeKeepRatio& op) const {
    out << "resize: keep ratio within " << op.size.width << "x" << op.size.height
        << ", multiples of " << op.multiple;
  }
  void operator()(const CenterFrame& op) const {
    if (op.keep_size)
      out << "frame: the picture in the middle of the next multiples of 32, black around";
    else
      out << "frame: the whole picture in the middle of " << op.size.width << "x" << op.size.height
          << ", black around, sampled as OpenCV's warpAffine";
  }
};

}  // namespace

std::string TransformPlan::explain() const {
  std::ostringstream out;
  out << "one fused pass over row bands, kernels '" << isa_name(active_isa()) << "'\n";
  std::visit(ResizeInWords{out}, resize_);
  if (resize_.index() != 0 && !std::holds_alternative<CenterFrame>(resize_))
    out << ", " << sampling_words(interpolation());
  if (crop_)
    out << "\ncrop: centre " << crop_->size.width << "x" << crop_->size.height
        << ", folded into the resize";
  out << "\ncolour: "
      << (!color_ ? "as it comes" : (*color_ == ColorOrder::kRgb ? "to RGB" : "to BGR"));
  out << "\nnormalise: formula " << formula_name(normalize_.formula) << ", computed by "
      << form_name(normalizer_.form);
  if (pad_ && pad_->multiple > 0) out << "\npad: to multiples of " << pad_->multiple;
  if (pad_ && pad_->multiple == 0)
    out << "\npad: to " << pad_->size.width << "x" << pad_->size.height;
  out << "\nlayout: CHW float32, written in place";
  return std::move(out).str();
}

}  // namespace hpinfer::vision
