#include "bindings/transform_operators.h"

#include <pybind11/stl.h>

#include <set>
#include <string>
#include <utility>

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

// Reads keys into fields and complains about those that nobody asked for.
class Fields {
 public:
  explicit Fields(const py::dict& dict) : dict_(dict), type_(text("type")) {}

  const std::string& type() const { return type_; }

  template <typename T>
  Fields& read(const char* key, T& field) {
    known_.insert(key);
    if (!dict_.contains(key)) return *this;
    try {
      field = dict_[key].cast<T>();
    } catch (const py::cast_error&) {
      fail(ErrorCode::kConfig, type_, " ", key,
           " has an unusable value: ", py::repr(dict_[key]).cast<std::string>());
    }
    return *this;
  }

  Fields& read(const char* width, const char* height, vision::PixelSize& size) {
    return read(width, size.width).read(height, size.height);
  }

  Fields& read(const char* key, vision::Interpolation& field) {
    std::string name(vision::interpolation_name(field));
    read(key, name);
    field = vision::interpolation_from_name(name);
    return *this;
  }

  // One of a few names.
  template <typename T, std::size_t kCount>
  Fields& read(const char* key, T& field, const std::pair<const char*, T> (&names)[kCount]) {
    known_.insert(key);
    if (!dict_.contains(key)) return *this;
    const std::string name = text(key);
    std::string all;
    for (const auto& [known, value] : names) {
      if (name == known) {
        field = value;
        return *this;
      }
      all += (all.empty() ? "" : ", ") + std::string(known);
    }
    fail(ErrorCode::kConfig, type_, " ", key, " must be one of ", all, "; got '", name, "'");
  }

  void finish() const {
    for (const auto& item : dict_) {
      const auto key = py::str(item.first).cast<std::string>();
      check(known_.contains(key), ErrorCode::kConfig, type_, " has no field '", key, "'");
    }
  }

 private:
  std::string text(const char* key) {
    known_.insert(key);
    check(dict_.contains(key) && py::isinstance<py::str>(dict_[key]), ErrorCode::kConfig,
          "an operator needs the text field '", key, "'");
    return dict_[key].cast<std::string>();
  }

  const py::dict& dict_;
  std::set<std::string> known_;
  std::string type_;
};

void read(Fields& from, vision::DetResize& op) {
  using Limit = vision::DetResize::Limit;
  static constexpr std::pair<const char*, Limit> kLimits[] = {
      {"max", Limit::kMax}, {"min", Limit::kMin}, {"resize_long", Limit::kResizeLong}};
  from.read("limit_side_len", op.limit_side_len)
      .read("limit_type", op.limit_type, kLimits)
      .read("max_side_limit", op.max_side_limit)
      .read("multiple", op.multiple);
  std::optional<std::pair<int, int>> fixed;
  from.read("fixed", fixed);
  if (fixed) op.fixed = vision::PixelSize{fixed->first, fixed->second};
}

void read(Fields& from, vision::RecResize& op) {
  from.read("height", op.height).read("width", op.width).read("max_width", op.max_width);
}

void read(Fields& from, vision::ResizeExact& op) {
  from.read("width", "height", op.size).read("interpolation", op.interpolation);
}

void read(Fields& from, vision::ResizeSide& op) {
  using Which = vision::ResizeSide::Which;
  static constexpr std::pair<const char*, Which> kSides[] = {{"short", Which::kShort},
                                                             {"long", Which::kLong}};
  from.read("which", op.which, kSides)
      .read("side", op.side)
      .read("multiple", op.multiple)
      .read("interpolation", op.interpolation);
}

void read(Fields& from, vision::ResizeKeepRatio& op) {
  from.read("width", "height", op.size)
      .read("multiple", op.multiple)
      .read("interpolation", op.interpolation);
}

void read(Fields& from, vision::CenterFrame& op) {
  from.read("keep_size", op.keep_size).read("width", "height", op.size);
}

void read(Fields& from, vision::CenterCrop& op) { from.read("width", "height", op.size); }

void read(Fields& from, vision::SetColorOrder& op) {
  static constexpr std::pair<const char*, ColorOrder> kOrders[] = {{"rgb", ColorOrder::kRgb},
                                                                   {"bgr", ColorOrder::kBgr}};
  from.read("to", op.to, kOrders);
}

void read(Fields& from, vision::Normalize& op) {
  using vision::NormalizeFormula;
  static constexpr std::pair<const char*, NormalizeFormula> kFormulas[] = {
      {"scale_shift", NormalizeFormula::kScaleShift},
      {"divide_by_255", NormalizeFormula::kDivideBy255},
      {"divide_by_255_double", NormalizeFormula::kDivideBy255Double}};
  from.read("scale", op.scale)
      .read("mean", op.mean)
      .read("std", op.std)
      .read("formula", op.formula, kFormulas);
}

void read(Fields& from, vision::Pad& op) {
  from.read("width", "height", op.size).read("multiple", op.multiple).read("fill", op.fill);
}

void read(Fields&, vision::ToChw&) {}

template <std::size_t kIndex = 0>
vision::Operator read_type(Fields& from) {
  if constexpr (kIndex == std::variant_size_v<vision::Operator>) {
    fail(ErrorCode::kConfig, "there is no operator '", from.type(), "'");
  } else {
    std::variant_alternative_t<kIndex, vision::Operator> op;
    if (vision::operator_name(op) != from.type()) return read_type<kIndex + 1>(from);
    read(from, op);
    from.finish();
    return op;
  }
}

}  // namespace

vision::Operator transform_operator(const py::dict& fields) {
  Fields from(fields);
  return read_type(from);
}

}  // namespace hpinfer::bindings
