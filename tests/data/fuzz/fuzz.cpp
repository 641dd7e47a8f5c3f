// Reads damaged files of every kind for a while and counts what happens:
//   data_fuzz [SECONDS [SEED]]
// Build it with the preset 'sanitize' to look for errors that do not crash. A reader of ours that dies ends the program with status 1
// and leaves the file.
#include "tests/data/fuzz/corpus.hpp"

#include "tests/data/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace {

// What is being read, for the handler of the alarm: a reader that hangs is told like one that dies.
std::uint64_t current_seed = 0;
const char* current_name = "";

void hangs(int) {
  char text[128];
  const auto end = fmt::format_to_n(text, sizeof text, "hangs: seed {}, {}\n", current_seed, current_name);
  [[maybe_unused]] const ssize_t written = write(2, text, std::min(end.size, sizeof text));
  _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace antidrome::data::test;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const Folder folder;
  const std::vector<Specimen> specimens = corpus(folder.path);
  std::vector<std::array<std::uint64_t, 3>> counts(specimens.size());
  std::vector<double> slowest(specimens.size());
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::signal(SIGALRM, hangs);
  int status = 0;
  for (; std::chrono::steady_clock::now() < until && status == 0; ++seed)
    for (std::size_t k = 0; k < specimens.size(); ++k) {
      current_seed = seed, current_name = specimens[k].name.c_str();
      alarm(300);   // beyond the limit of a reader in a process of its own
      const std::vector<std::uint8_t> content = damaged(specimens[k].content, seed);
      const auto begin = std::chrono::steady_clock::now();
      const Outcome outcome = read_damaged(specimens[k], content);
      slowest[k] = std::max(slowest[k], std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      ++counts[k][static_cast<std::size_t>(outcome.kind)];
      if (outcome.kind != Outcome::Kind::died || specimens[k].foreign_library) continue;
      const std::string kept = fmt::format("died-{}-{}", seed, specimens[k].name);
      put(kept, content);
      fmt::print(stderr, "{}: {}\n", kept, outcome.message);
      status = 1;
    }
  fmt::print("{:16} {:>9} {:>9} {:>9} {:>10}\n", "file", "read", "refused", "died", "slowest s");
  for (std::size_t k = 0; k < specimens.size(); ++k) fmt::print("{:16} {:>9} {:>9} {:>9} {:>10.2f}\n", specimens[k].name, counts[k][0], counts[k][1], counts[k][2], slowest[k]);
  fmt::print("next seed {}\n", seed);
  return status;
}
