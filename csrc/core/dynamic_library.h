// Opens shared libraries at run time and keeps the loader's own words when it fails.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"

namespace hpinfer {

// An open library. It is never closed: engines start threads and register atexit handlers that
// would run in unmapped code. Copies share the handle.
class DynamicLibrary {
 public:
  // Opens a file, or a bare name through the loader's search path. Throws
  // Error(kEngineUnavailable) with the loader's message.
  static DynamicLibrary open(const std::filesystem::path& path);

  // Address of a symbol; throws Error(kEngineUnavailable) naming the library if it is missing.
  void* symbol(const char* name) const;
  // Address of a symbol, or null.
  void* find_symbol(const char* name) const noexcept;

  template <typename Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }

  // Where the loader found it.
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  DynamicLibrary(void* handle, std::filesystem::path path)
      : handle_(handle), path_(std::move(path)) {}

  void* handle_;
  std::filesystem::path path_;
};

}  // namespace hpinfer
