// What kernels ask of memory, counted by the emulator line by line: rows of weights in whole sectors, no bank asked for three words at once.
#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

/// 70-256-20 with recurrence: as wide as the networks that matter.
struct Counted {
  std::vector<std::string> text;                ///< lines of the kernels
  emulator::Counters counters;

  Counted() {
    const ir::Network network = two_layers(cuba_lif(), pulse(), exp_weighted(), cross_entropy(), {.inputs = 70, .hidden = 256, .outputs = 20, .input_weight = 0.5, .all_trainable = false}).network();
    const ir::Program p = derive(network);
    const kernel::DeviceModule module = device_module(p, "traffic", kernel::Precision::single_precision);
    const std::string source = cuda::emit_kernels(module);
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);) text.push_back(line);
    Emulated e = on_device(p, compile_kernels(source, scratch("traffic"), true), cuda::emit_plan(module), {.checked = true, .blocks = 2});
    e.simulator->initialise(3);
    const BatchResult r = e.simulator->run(random_samples(2, 1, 70, 80, 1, 3), {.dt_ms = 1, .steps = 80});
    EXPECT_EQ(r.code, 0);
    EXPECT_GT(r.status[0].spikes, 100u);
    counters = e.emulator->counters();
  }
  const std::string& line(const emulator::LineCounters& c) const { return text.at(static_cast<std::size_t>(c.place.line) - 1); }
};

bool hot(const std::string& kernel) { return kernel == "forward_trial" || kernel == "backward_trial" || kernel.starts_with("sum_") || kernel.starts_with("gather_"); }

TEST(Traffic, rows_come_in_whole_sectors_and_no_bank_is_asked_for_more_than_two_words_at_once) {
  const Counted counted;
  int rows = 0, shared = 0;
  for (const emulator::LineCounters& c : counted.counters.lines) {
    if (!hot(c.kernel)) continue;
    const std::string& line = counted.line(c);
    if (c.access == emulator::Access::shared_load || c.access == emulator::Access::shared_store) {
      ++shared;
      EXPECT_LE(c.conflicts(), 2) << c.place.text() << ": " << line;
    }
    bool of_rows = false;
    for (const char* call : {"add_rows", "add_events", "fetch_row", "add_dot", "gather_rows"}) of_rows = of_rows || line.find(call) != std::string::npos;
    if (!of_rows || c.access != emulator::Access::global_load) continue;
    ++rows;
    EXPECT_GE(c.sector_efficiency(), 0.9) << c.place.text() << ": " << line;
  }
  EXPECT_GE(rows, 8);
  EXPECT_GE(shared, 8);
  for (const std::string& line : counted.text)                    // and no sum is atomic, but for one of counts
    if (line.find("atomicAdd(") != std::string::npos) { EXPECT_NE(line.find("a.clamped + sample"), std::string::npos) << line; }
}

}  // namespace
}  // namespace antidrome
