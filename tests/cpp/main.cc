// Runs every registered test, or those whose name contains the first argument; none, and says so,
// where the machine lacks what they need.
#include "testing.h"

int main(int argc, char** argv) {
  if (const std::string& missing = hpinfer::testing::missing(); !missing.empty()) {
    for (const auto& test : hpinfer::testing::cases()) std::printf("not run: %s\n", test.name);
    std::printf("this machine has no %s\n", missing.c_str());
    return hpinfer::testing::kNotRun;
  }
  const std::string_view filter = argc > 1 ? argv[1] : "";
  int ran = 0;
  int failed = 0;
  for (const auto& test : hpinfer::testing::cases()) {
    if (std::string_view(test.name).find(filter) == std::string_view::npos) continue;
    const int before = hpinfer::testing::failures();
    try {
      test.body();
    } catch (const std::exception& error) {
      hpinfer::testing::report(test.name, 0, std::string("unexpected exception: ") + error.what());
    }
    ++ran;
    if (hpinfer::testing::failures() != before) {
      ++failed;
      std::fprintf(stderr, "FAILED %s\n", test.name);
    }
  }
  std::printf("%d tests, %d failed\n", ran, failed);
  return ran > 0 && failed == 0 ? 0 : 1;
}
