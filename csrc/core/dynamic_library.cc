#include "core/dynamic_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace hpinfer {
namespace {

using FileHead = ElfW(Ehdr);
using Segment = ElfW(Phdr);

// The loader maps what the file's own table says and is killed by SIGBUS where the file has ended
// before: a package that a full disk cut short. What is no ELF file of this kind it refuses itself.
void check_whole(const std::filesystem::path& path) {
  if (!path.has_parent_path()) return;  // a name for the loader's search
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  FileHead head{};
  if (error || !file.read(reinterpret_cast<char*>(&head), sizeof head)) return;
  if (std::string_view(reinterpret_cast<const char*>(head.e_ident), SELFMAG) != ELFMAG) return;
  if (head.e_phentsize != sizeof(Segment)) return;
  std::vector<Segment> segments(head.e_phnum);
  file.seekg(static_cast<std::streamoff>(head.e_phoff));
  const auto bytes = static_cast<std::streamsize>(segments.size() * sizeof(Segment));
  const bool read = static_cast<bool>(file.read(reinterpret_cast<char*>(segments.data()), bytes));
  std::uintmax_t needed = 0;
  for (const Segment& segment : segments)
    if (segment.p_type == PT_LOAD)
      needed = std::max<std::uintmax_t>(needed, segment.p_offset + segment.p_filesz);
  check(read && needed <= size, ErrorCode::kEngineUnavailable, "cannot load ", path.string(),
        ": the file has ", size, " bytes, but it should have ", needed,
        " at least: it was cut short");
}

}  // namespace

DynamicLibrary DynamicLibrary::open(const std::filesystem::path& path) {
  check_whole(path);
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
