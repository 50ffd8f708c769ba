// Calls into a library that is known only by the address of its symbols.
#pragma once

#include <cstdint>

namespace hpinfer::bindings {

// Calls `bool function(void* object)` with the GIL released: a C++ member function without
// arguments under the Itanium ABI. The caller vouches for both addresses.
//
// Throws Error(kInvalidInput) for an address of 0, Error(kEngine) with the text of an exception, of
// whatever type.
bool call_without_gil(std::uintptr_t function, std::uintptr_t object);

}  // namespace hpinfer::bindings
