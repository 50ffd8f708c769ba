// A test harness of one header: `TEST(name) { EXPECT_EQ(a, b); }`. A compiler is all that the C++
// tests need, so that they run wherever the library builds.
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace hpinfer::testing {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> list;
  return list;
}

inline int& failures() {
  static int count = 0;
  return count;
}

// Why no test of this executable can run on this machine; empty if they can.
inline std::string& missing() {
  static std::string reason;
  return reason;
}

inline constexpr int kNotRun = 77;  // exit status, known to CTest (SKIP_RETURN_CODE)

// At namespace scope: the executable's tests need something of the machine.
struct Requirement {
  Requirement(bool met, const char* what) {
    if (!met) missing() = what;
  }
};

struct Registration {
  Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

inline void report(const char* file, int line, const std::string& message) {
  ++failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, message.c_str());
}

template <typename T>
std::string show(const T& value) {
  if constexpr (requires(std::ostream& out) { out << value; }) {
    std::ostringstream out;
    out << value;
    return out.str();
  } else {
    return "(unprintable)";
  }
}

template <typename A, typename B>
void expect_equal(const A& a, const B& b, const char* text, const char* file, int line) {
  if (!(a == b)) report(file, line, std::string(text) + ": " + show(a) + " != " + show(b));
}

// Checks that the call throws hpinfer::Error with this code and a message that holds `part`.
template <typename Call>
void expect_error(Call&& call, ErrorCode code, std::string_view part, const char* file, int line) {
  try {
    call();
  } catch (const Error& error) {
    if (error.code() != code)
      report(file, line,
             "wrong code " + std::string(error_code_name(error.code())) + ": " + error.what());
    if (std::string_view(error.what()).find(part) == std::string_view::npos)
      report(file, line, "message lacks '" + std::string(part) + "': " + error.what());
    return;
  }
  report(file, line, "no error was thrown");
}

}  // namespace hpinfer::testing

#define TEST(name)                                                                       \
  static void test_##name();                                                             \
  static const ::hpinfer::testing::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define EXPECT(condition)                                                                      \
  do {                                                                                         \
    if (!(condition)) ::hpinfer::testing::report(__FILE__, __LINE__, "not true: " #condition); \
  } while (false)

#define EXPECT_EQ(a, b) ::hpinfer::testing::expect_equal((a), (b), #a " == " #b, __FILE__, __LINE__)

#define EXPECT_ERROR(expression, code, part)                                               \
  ::hpinfer::testing::expect_error([&] { static_cast<void>(expression); }, (code), (part), \
                                   __FILE__, __LINE__)
