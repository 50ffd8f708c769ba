// Drives a fuzz target without libFuzzer: every file of the corpus, then a fixed number of inputs
// made from them by a fixed sequence of mutations. The same arguments run the same inputs anywhere.
//
//   <target> [--mutations N] [--seconds S] [--seed N] [--artifacts FOLDER] FILE_OR_FOLDER...
//
// An input that ends the process is left in the folder of artifacts, as crash-<number>; one that
// takes seconds as slow-<number>.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongest = 4096;
constexpr double kSlow = 2;  // seconds of one input

struct Options {
  std::uint64_t mutations = 0;
  double seconds = 1e9;
  std::uint32_t seed = 1;
  std::string artifacts = ".";
  std::vector<fs::path> inputs;
};

// What runs now, for the handler of the signal that ends it.
const Bytes* running = nullptr;
std::string crash_file;

extern "C" void keep_input(int signal) {
  const int file = open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && running != nullptr) {
    if (write(file, running->data(), running->size()) >= 0) close(file);
    constexpr std::string_view kSaved = "the input was saved as ";
    if (write(2, kSaved.data(), kSaved.size()) < 0 ||
        write(2, crash_file.data(), crash_file.size()) < 0 || write(2, "\n", 1) < 0)
      std::signal(signal, SIG_IGN);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const bool has_value = i + 1 < argc;
    if (name == "--mutations" && has_value)
      options.mutations = std::strtoull(argv[++i], nullptr, 10);
    else if (name == "--seconds" && has_value)
      options.seconds = std::strtod(argv[++i], nullptr);
    else if (name == "--seed" && has_value)
      options.seed = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    else if (name == "--artifacts" && has_value)
      options.artifacts = argv[++i];
    else
      options.inputs.emplace_back(argv[i]);
  }
  return options;
}

std::vector<Bytes> read_corpus(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    if (!fs::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(input))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> corpus;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      std::exit(2);
    }
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, std::uint32_t seed) : corpus_(corpus), random_(seed) {}

  Bytes next() {
    Bytes input = corpus_.empty() ? Bytes() : corpus_[below(corpus_.size())];
    for (std::size_t steps = 1 + below(6); steps > 0; --steps) mutate(input);
    if (input.size() > kLongest) input.resize(kLongest);
    return input;
  }

 private:
  // Not a distribution of the standard library: those differ between libraries.
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  void mutate(Bytes& input) {
    const std::size_t kind = below(8);
    if (input.empty() || kind == 0) {
      for (std::size_t count = 1 + below(32); count > 0; --count) input.push_back(byte());
      return;
    }
    const std::size_t at = below(input.size());
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (kind) {
      case 1:
        input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << below(8)));
        break;
      case 2:
        input[at] = byte();
        break;
      case 3: {
        constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE};
        input[at] = kEdges[below(std::size(kEdges))];
        break;
      }
      case 4:
        input.erase(place, place + static_cast<std::ptrdiff_t>(1 + below(input.size() - at)));
        break;
      case 5:
        input.insert(place, byte());
        break;
      case 6: {  // a piece of it again
        const Bytes piece(place, place + static_cast<std::ptrdiff_t>(1 + below(input.size() - at)));
        input.insert(place, piece.begin(), piece.end());
        break;
      }
      default: {  // the end of another input
        const Bytes& other = corpus_.empty() ? input : corpus_[below(corpus_.size())];
        if (other.empty()) break;
        const Bytes tail(other.begin() + static_cast<std::ptrdiff_t>(below(other.size())),
                         other.end());
        input.erase(place, input.end());
        input.insert(input.end(), tail.begin(), tail.end());
        break;
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937 random_;
};

// Runs inputs and remembers the slowest.
class Runner {
 public:
  explicit Runner(std::string artifacts) : artifacts_(std::move(artifacts)) {}

  void run(const Bytes& input) {
    crash_file = artifacts_ + "/crash-" + std::to_string(executions_);
    const Bytes exact(input.begin(), input.end());  // no spare capacity to read into
    running = &exact;
    const Clock::time_point begin = Clock::now();
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    running = nullptr;
    slowest_ = std::max(slowest_, seconds);
    if (seconds > kSlow) {
      std::ofstream file(artifacts_ + "/slow-" + std::to_string(executions_), std::ios::binary);
      file.write(reinterpret_cast<const char*>(input.data()),
                 static_cast<std::streamsize>(input.size()));
    }
    ++executions_;
  }

  std::uint64_t executions() const { return executions_; }
  double slowest() const { return slowest_; }

 private:
  std::string artifacts_;
  std::uint64_t executions_ = 0;
  double slowest_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    std::signal(signal, keep_input);
  const std::vector<Bytes> corpus = read_corpus(options.inputs);
  const Clock::time_point begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  Runner runner(options.artifacts);
  for (const Bytes& input : corpus) runner.run(input);
  Mutator mutator(corpus, options.seed);
  for (std::uint64_t i = 0; i < options.mutations && elapsed() < options.seconds; ++i)
    runner.run(mutator.next());
  std::printf("{\"files\": %zu, \"executions\": %llu, \"seconds\": %.2f, \"slowest_ms\": %.1f}\n",
              corpus.size(), static_cast<unsigned long long>(runner.executions()), elapsed(),
              runner.slowest() * 1000);
  return 0;
}
