// TensorRT's messages: to hpinfer's log, and into the error of the call that caused them.
#pragma once

#include <NvInferRuntime.h>

#include <string>

namespace hpinfer::tensorrt {

// TensorRT keeps the first logger that it is given for the whole process, so there is one.
nvinfer1::ILogger& logger();

// Collects the errors that TensorRT reports during a call: those of this thread, and of threads
// of TensorRT's own, whose call cannot be told.
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
  ErrorCapture(const ErrorCapture&) = delete;
  ErrorCapture& operator=(const ErrorCapture&) = delete;

  // The messages on one line, or words that say that there are none.
  std::string text() const;

 private:
  friend class Logger;
  void add(std::string_view message);

  ErrorCapture* outer_;
  std::string text_;
};

}  // namespace hpinfer::tensorrt
