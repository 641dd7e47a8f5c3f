// Timing of generated simulators on synthetic batches of standard shapes.
#pragma once
#include <antidrome/abi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/ir/network.hpp"

namespace antidrome::bench {

struct Options {
  std::string shape = "shd";       ///< shd: 700 -> hidden -> 20, 1000 steps of 1 ms; yinyang: 5 -> hidden -> 3, 300 steps of 0.1 ms
  int hidden = 256, batch = 32, threads = 1, repetitions = 20;
  bool recurrent = true;
  std::string precision = "float", march = "native", compiler = "g++";
};

struct Workload {
  ir::Network network;
  double dt_ms = 1;
  int steps = 1000, inputs = 700, events = 7900;   ///< events of one sample
};

/// The network and its input statistics. Throws std::invalid_argument on an unknown shape.
Workload workload(const Options&);

/// Events of one sample by step and by unit.
struct Events {
  std::vector<std::uint32_t> step_begin, unit_begin;
  std::vector<std::uint16_t> unit, step;
};
std::vector<Events> synthetic_events(const Workload&, const Options&);

/// Generates, compiles, runs, prints. Exit code of the program.
int run_bench(const Options&);

}  // namespace antidrome::bench
