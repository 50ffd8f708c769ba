#include "core/dynamic_library.h"

#include <dlfcn.h>
#include <link.h>

namespace hpinfer {

DynamicLibrary DynamicLibrary::open(const std::filesystem::path& path) {
  // RTLD_LOCAL: two releases of one engine, or an engine and the Python package of the same name,
  // must not see each other's symbols.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* message = dlerror();
    fail(ErrorCode::kEngineUnavailable, "cannot load ", path.string(), ": ",
         message != nullptr ? message : "unknown loader error");
  }
  link_map* map = nullptr;
  std::filesystem::path found = path;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name[0] != '\0')
    found = map->l_name;
  return {handle, std::move(found)};
}

void* DynamicLibrary::symbol(const char* name) const {
  void* address = find_symbol(name);
  check(address != nullptr, ErrorCode::kEngineUnavailable, path_.string(), " has no symbol '", name,
        "': not the expected library, or a release that hpinfer does not support");
  return address;
}

void* DynamicLibrary::find_symbol(const char* name) const noexcept { return dlsym(handle_, name); }

}  // namespace hpinfer
