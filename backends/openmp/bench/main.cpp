#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

#include "backends/openmp/bench/bench.hpp"

namespace {

constexpr const char* usage =
    "antidrome-bench [--shape shd|yinyang] [--hidden N] [--batch N] [--threads N] [--repetitions N] [--feed-forward]\n"
    "                [--precision float|double] [--march LEVEL] [--compiler NAME]\n"
    "CPU time of generated simulators on synthetic batches: least, median and largest over the repetitions.\n";

antidrome::bench::Options parse(int argc, char** argv) {
  antidrome::bench::Options o;
  for (int k = 1; k < argc; ++k) {
    const std::string name = argv[k];
    if (name == "--feed-forward") { o.recurrent = false; continue; }
    if (k + 1 == argc) throw std::invalid_argument("option '" + name + "' is unknown or lacks its value");
    const std::string value = argv[++k];
    if (name == "--shape") o.shape = value;
    else if (name == "--hidden") o.hidden = std::stoi(value);
    else if (name == "--batch") o.batch = std::stoi(value);
    else if (name == "--threads") o.threads = std::stoi(value);
    else if (name == "--repetitions") o.repetitions = std::stoi(value);
    else if (name == "--precision") o.precision = value;
    else if (name == "--march") o.march = value;
    else if (name == "--compiler") o.compiler = value;
    else throw std::invalid_argument("unknown option '" + name + "'");
  }
  if (o.hidden < 1 || o.batch < 1 || o.threads < 1 || o.repetitions < 1) throw std::invalid_argument("sizes are at least 1");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h"))) {
    fmt::print("{}", usage);
    return 0;
  }
  try {
    return antidrome::bench::run_bench(parse(argc, argv));
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n{}", e.what(), usage);
    return 2;
  }
}
