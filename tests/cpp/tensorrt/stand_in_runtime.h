// Plans of the stand-in, and the runtime that loads them.
#pragma once

#include <map>
#include <string>

#include "defaults.h"
#include "stand_in_network.h"

namespace stand_in {

// By input name: smallest, usual, largest.
using Profile = std::map<std::string, std::array<nvinfer1::Dims, 3>>;

struct Plan {
  std::string gpu;
  std::map<std::string, std::string> facts;  // how it was built, for tests to read
  std::vector<Profile> profiles;
  std::string onnx;
};

std::string write_plan(const Plan& plan);

class HostMemory final : public nvinfer1::apiv::DefaultVHostMemory {
 public:
  explicit HostMemory(std::string bytes) : bytes_(std::move(bytes)) {}
  void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  std::string bytes_;
};

void report(nvinfer1::ILogger::Severity severity, const std::string& message);
void set_logger(nvinfer1::ILogger* logger);

nvinfer1::IRuntime* make_runtime();

}  // namespace stand_in
