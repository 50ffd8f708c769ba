#include "engines/onnx_signature.h"

#include <algorithm>
#include <set>

#include "engines/mapped_file.h"

namespace hpinfer {
namespace {

using Bytes = std::span<const std::byte>;

// One field of a protocol buffers message.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  // of a varint field
  Bytes bytes;              // of a length-delimited field
};

// Walks the fields of a message without decoding what it does not need.
class FieldReader {
 public:
  explicit FieldReader(Bytes message) : rest_(message) {}

  // The next field; nullopt at the end or where the message is broken.
  std::optional<Field> next() {
    std::uint64_t key = 0;
    if (rest_.empty() || !varint(key) || key >> 3 == 0) return fail_unless_done();
    Field field{key >> 3, 0, {}};
    switch (key & 7) {
      case 0:
        if (varint(field.value)) return field;
        break;
      case 1:
        if (skip(8)) return field;
        break;
      case 2:
        if (std::uint64_t size = 0; varint(size) && size <= rest_.size()) {
          field.bytes = rest_.first(size);
          rest_ = rest_.subspan(size);
          return field;
        }
        break;
      case 5:
        if (skip(4)) return field;
        break;
      default:
        break;  // groups do not occur in ONNX
    }
    return fail_unless_done(true);
  }
  // Whether the whole message was read.
  bool complete() const noexcept { return complete_; }

 private:
  std::optional<Field> fail_unless_done(bool broken = false) {
    complete_ = !broken && rest_.empty();
    rest_ = {};
    return std::nullopt;
  }
  bool skip(std::size_t count) {
    if (count > rest_.size()) return false;
    rest_ = rest_.subspan(count);
    return true;
  }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  Bytes rest_;
  bool complete_ = false;
};

std::string text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The bytes of the last field of that number (the last one counts), or empty.
Bytes find(Bytes message, std::uint64_t number) {
  Bytes found;
  FieldReader reader(message);
  while (const auto field = reader.next())
    if (field->number == number) found = field->bytes;
  return found;
}

// TensorProto.DataType
std::optional<DType> dtype_of_code(std::uint64_t code) {
  switch (code) {
    case 1:
      return DType::kFloat32;
    case 2:
      return DType::kUInt8;
    case 3:
      return DType::kInt8;
    case 6:
      return DType::kInt32;
    case 7:
      return DType::kInt64;
    case 9:
      return DType::kBool;
    case 10:
      return DType::kFloat16;
    case 11:
      return DType::kFloat64;
    default:
      return std::nullopt;
  }
}

// TensorShapeProto: dim = 1; a dimension: dim_value = 1, otherwise of any size.
Shape read_shape(Bytes message) {
  std::vector<std::int64_t> dims;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 1) continue;
    std::int64_t dim = kDynamicDim;
    FieldReader dim_reader(field->bytes);
    while (const auto part = dim_reader.next())
      if (part->number == 1) dim = static_cast<std::int64_t>(part->value);
    dims.push_back(dim);
  }
  return Shape(dims);
}

// ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1; its elem_type = 1, shape = 2.
OnnxValue read_value(Bytes message) {
  OnnxValue value;
  value.name = text(find(message, 1));
  FieldReader reader(find(find(message, 2), 1));
  while (const auto field = reader.next()) {
    if (field->number == 1) value.dtype = dtype_of_code(field->value);
    if (field->number == 2) {
      value.shape = read_shape(field->bytes);
      value.ranked = true;
    }
  }
  return value;
}

// TensorProto: name = 8, external_data = 13 (key = 1, value = 2).
void read_initializer(Bytes message, std::set<std::string, std::less<>>& names,
                      std::vector<std::string>& external_files) {
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 8) names.insert(text(field->bytes));
    if (field->number == 13 && text(find(field->bytes, 1)) == "location")
      external_files.push_back(text(find(field->bytes, 2)));
  }
}

}  // namespace

// ModelProto: graph = 7. GraphProto: initializer = 5, input = 11, output = 12,
// sparse_initializer = 15 (its values = 1).
std::optional<OnnxSignature> read_onnx_signature(Bytes model) {
  FieldReader outer(model);
  Bytes graph;
  while (const auto field = outer.next())
    if (field->number == 7) graph = field->bytes;
  if (!outer.complete() || graph.empty()) return std::nullopt;
  OnnxSignature signature;
  std::set<std::string, std::less<>> initializers;
  FieldReader reader(graph);
  while (const auto field = reader.next()) {
    if (field->number == 5) read_initializer(field->bytes, initializers, signature.external_files);
    if (field->number == 15) initializers.insert(text(find(find(field->bytes, 1), 8)));
    if (field->number == 11) signature.inputs.push_back(read_value(field->bytes));
    if (field->number == 12) signature.outputs.push_back(read_value(field->bytes));
  }
  if (!reader.complete() || signature.outputs.empty()) return std::nullopt;
  std::erase_if(signature.inputs,
                [&](const OnnxValue& value) { return initializers.contains(value.name); });
  std::vector<std::string>& files = signature.external_files;
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return signature;
}

std::optional<OnnxSignature> read_onnx_signature(const std::filesystem::path& path) {
  const MappedFile file(path);
  return read_onnx_signature(file.bytes());
}

}  // namespace hpinfer
