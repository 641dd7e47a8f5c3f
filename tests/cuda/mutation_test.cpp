// Would the tests notice a mistake in a kernel? Kernels with one mistake each, as a printer or a schedule might make it: the checker has to find it, or the
// results have to differ from those of the right kernels.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/cuda/cases.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

/// In the text of one kernel, the first `from` becomes `to`.
struct Mutation { std::string name, kernel, from, to; };

struct Outcome { bool clean = true, stopped = false; std::string report; BatchResult result; };

/// A network's kernels, right and mutated.
class Mutated {
 public:
  using Values = std::map<std::string, std::vector<double>>;
  /// `wild`: values with which adjoints or states are not finite, so that what tells that runs too.
  Mutated(const std::string& name, const std::string& folder, const Values& values, const std::vector<Values>& wild) : wild_(wild) {
    for (DeviceCase& c : device_cases())
      if (c.name == name) case_ = std::move(c);
    for (const auto& [parameter, value] : values) case_.values[parameter] = value;
    case_.run.steps = 61;
    case_.run.update = true;
    for (Sample& s : case_.samples)
      for (SourceEvents& e : s.sources) e = e.cut(61);
    program_ = derive(case_.network);
    const kernel::DeviceModule module = device_module(program_, name, kernel::Precision::single_precision);
    text_ = cuda::emit_kernels(module);
    plan_ = cuda::emit_plan(module);
    folder_ = scratch(folder);                                    // tests run side by side
    right_ = run(text_, "right.cu", 0, {});
    for (const Values& wilder : wild_) {
      const Outcome out = run(text_, "right.cu", 0, wilder);
      right_.clean = right_.clean && out.clean && out.result.code != ANTIDROME_OK;
    }
  }
  bool is_right() const { return right_.clean; }

  /// Barriers of a kernel, by the letters behind them.
  std::vector<Mutation> without_barriers(const std::string& kernel) const {
    std::vector<Mutation> out;
    const auto [begin, end] = range(kernel);
    const std::string barrier = "__syncthreads();  // ";
    for (std::size_t at = text_.find(barrier, begin); at < end; at = text_.find(barrier, at + 1)) {
      const std::string whole = text_.substr(at, barrier.size() + 1);
      out.push_back({"without_barrier_" + whole.substr(barrier.size()), kernel, whole + "\n", ";\n"});
    }
    return out;
  }

  /// How a mutation is noticed; empty: it is not.
  std::string noticed(const Mutation& m, int number) const {
    const auto [begin, end] = range(m.kernel);
    const std::size_t at = text_.find(m.from, begin);
    if (at >= end) return {};
    const std::string text = text_.substr(0, at) + m.to + text_.substr(at + m.from.size());
    for (const std::uint64_t seed : {0, 1, 2}) {
      const Outcome out = run(text, fmt::format("mutant_{}.cu", number), seed, {});
      if (!out.clean) return "the checker: " + out.report.substr(0, out.report.find('\n'));
      if (out.result.loss != right_.result.loss || out.result.gradient != right_.result.gradient || out.result.moved != right_.result.moved) return "other results";
      for (const Values& wild : wild_)
        if (const Outcome other = run(text, fmt::format("mutant_{}.cu", number), seed, wild); !other.clean) return "the checker: " + other.report.substr(0, other.report.find('\n'));
    }
    return {};
  }
  bool has(const Mutation& m) const {
    const auto [begin, end] = range(m.kernel);
    return text_.find(m.from, begin) < end;
  }

 private:
  std::pair<std::size_t, std::size_t> range(const std::string& kernel) const {
    const std::size_t begin = text_.find(" " + kernel + "(const Arguments a)"), end = text_.find("ANTIDROME_KERNEL(" + kernel + ",");
    if (begin == std::string::npos || end == std::string::npos) throw std::runtime_error("no kernel " + kernel);
    return {begin, end};
  }
  Outcome run(const std::string& text, const std::string& file, std::uint64_t seed, const Values& values) const {
    const std::filesystem::path module = folder_ / (file + ".checked.so");
    if (seed == 0 && values.empty()) compile_kernels(text, folder_, true, file);
    Emulated e = on_device(program_, module, plan_, {.checked = true, .seed = seed, .blocks = 2, .most_accesses = std::uint64_t{1} << 26});
    for (const auto& [name, value] : case_.values) e.simulator->set(name, value);
    for (const auto& [name, value] : values) e.simulator->set(name, value);
    e.simulator->initialise(3);
    Outcome out;
    try {
      out.result = e.simulator->run(case_.samples, case_.run);
    } catch (const std::exception& stopped) {                     // a number that is not finite, or a launch that a fault ended
      out.stopped = true;
      out.report = stopped.what();
    }
    if (const emulator::Report report = e.emulator->report(); !report.clean()) out.clean = false, out.report = report.text();
    return out;
  }

  DeviceCase case_;
  ir::Program program_;
  std::string text_, plan_;
  std::filesystem::path folder_;
  std::vector<Values> wild_;
  Outcome right_;
};

/// Every mutation is noticed; says how.
void expect_noticed(const Mutated& network, const std::vector<Mutation>& mutations) {
  ASSERT_TRUE(network.is_right());
  int number = 0;
  for (const Mutation& m : mutations) {
    ASSERT_TRUE(network.has(m)) << m.name << ": the kernel " << m.kernel << " has no '" << m.from << "'";
    const std::string how = network.noticed(m, number++);
    EXPECT_NE(how, "") << m.kernel << ", " << m.name << ": not noticed";
    std::cout << fmt::format("{:<16} {:<24} {}\n", m.kernel, m.name, how);
  }
}

const Mutated::Values wild_adjoints = {{"hidden_output.w", std::vector<double>(200, 1e25)}, {"hidden_hidden.w", std::vector<double>(1600, 1e25)}};
const Mutated::Values wild_states = {{"hidden_output.w", std::vector<double>(200, 1e39)}};
const Mutated::Values wild_adjoints_without_spikes = {{"input_hidden.w", std::vector<double>(320, 0)}, {"BatchCountTarget.c", {1e39}}};

std::vector<Mutation> barriers_of_trials(const Mutated& network) {
  std::vector<Mutation> out = network.without_barriers("forward_trial"), back = network.without_barriers("backward_trial");
  out.insert(out.end(), back.begin(), back.end());
  return out;
}

TEST(Mutation, every_barrier_of_a_recurrent_network_is_needed) {
  const Mutated network("batch_count", "without_barriers", {}, {wild_adjoints, wild_states, wild_adjoints_without_spikes});
  const std::vector<Mutation> all = barriers_of_trials(network);
  EXPECT_GE(all.size(), 5u);
  expect_noticed(network, all);
}

/// A delay of one step: what is sent in a step is read in the next one.
TEST(Mutation, every_barrier_of_a_network_with_delays_is_needed) {
  const Mutated network("delays_in_ms_0", "without_barriers_with_delays", {{"line.delay", {0.5}}, {"hidden_hidden.delay", {0.5}}}, {wild_adjoints, wild_states});
  const std::vector<Mutation> all = barriers_of_trials(network);
  EXPECT_GE(all.size(), 5u);
  expect_noticed(network, all);
}

TEST(Mutation, mistakes_of_printers_are_noticed) {
  const std::string forward = "forward_trial", backward = "backward_trial", sum = "sum_hidden_sum0", gather = "gather_weights";
  expect_noticed(Mutated("batch_count", "mistakes", {}, {}), {
    {"missing_initialisation", forward, "if (threadIdx.x == 0) first_bad = none;", ";"},
    {"missing_first_entry", forward, "if (threadIdx.x == 0) begin_of_hidden[0] = 0;", ";"},
    {"counts_from_nowhere", forward, "counter[e] = 0;", "counter[e] = 1;"},
    {"index_one_too_far", forward, "begin_of_hidden[t + 1u] =", "begin_of_hidden[t + 2u] ="},
    {"place_one_too_far", forward, "a.capacity + place] =", "a.capacity + place + 1u] ="},
    {"lists_do_not_take_turns", forward, "before = now ^ 1u;", "before = now;"},
    {"one_list_for_all_warps", forward, "counts_of_hidden[now], warp - first_of_hidden,", "counts_of_hidden[before], warp - first_of_hidden,"},
    {"every_block_takes_all", forward, "sample += gridDim.x", "sample += 1u"},
    {"a_warp_leaves_early", forward, "__syncthreads();  // A", "if (is_output && t == 3u) return;\n        __syncthreads();"},
    {"barrier_of_one_role", forward, "__syncthreads();  // A", "if (is_hidden) __syncthreads();"},
    {"wrong_mask", forward, "__shfl_sync(every_lane,", "__shfl_sync(0xffffu,"},
    {"inputs_a_step_late", forward, "(u64(sample) * a.steps + t + 4u)", "(u64(sample) * a.steps + t + 5u)"},
    {"wrong_stride_of_rows", forward, "64u, lists_of_hidden[now]", "62u, lists_of_hidden[now]"},
    {"rows_of_the_other_list", forward, "64u, lists_of_hidden[now]", "64u, lists_of_hidden[before]"},
    {"constants_of_the_step_before", forward, "__ldg(k.c8 + t + 1u)", "__ldg(k.c8 + t)"},
    {"sums_of_another_step", sum, "(u64(sample) * a.steps + t)", "(u64(sample) * a.steps + t + 1u)"},
    {"one_step_too_many", sum, "t < t1;", "t <= t1;"},
    {"the_shares_undivided", "batch_means", "sum / count", "sum"},
    {"a_mean_is_not_ready", "batch_means", "q < padded_of_hidden;", "q + 8u < padded_of_hidden;"},
    {"a_store_for_an_addition", "batch_losses", "[e] += k.c10", "[e] = real(0) * k.c10"},
    {"all_lanes_publish_at_one", backward, "fixed_shared(hidden_operand0_published + j_of_hidden)", "fixed_shared(hidden_operand0_published)"},
    {"a_spike_of_another_turn", backward, "(dot, dot_warps);", "(dot + 1u, dot_warps);"},
    {"rows_of_no_spike", backward, "if (spikes <= int(r * dot_warps)) break;", ";"},
    {"what_a_later_spike_left", backward, "(tape_of_hidden, s_of_hidden)", "(tape_of_hidden, s0_of_hidden)"},
    {"the_product_of_another", backward, "found[2u * ", "found[1u * "},
    {"one_neuron_of_a_lane", backward, "fired &= fired - 1u;", "fired = 0;"},
    {"history_a_step_late", backward, "(hidden_history0_rows, t)", "(hidden_history0_rows, t + 1u)"},
    {"list_cursor_stays", backward, "(cursor, e, before);", "(cursor, e, before + 1u);"},
    {"rows_of_the_next_matrix", gather, "row >= 40u", "row >= 39u"},
    {"matrices_lie_on_each_other", gather, "work -= works;", ";"},
    {"partial_sums_overlap", gather, "(u64(blockIdx.y) * 40u + row)", "(u64(blockIdx.y) * 39u + row)"},
    {"one_spike_too_many", gather, "(padded_of_hidden + 1u) + row + 1u]", "(padded_of_hidden + 1u) + row + 2u]"},
    {"the_last_part_only", "add_parts", "sum += __ldg", "sum = __ldg"},
    {"part_of_a_matrix", "add_parts", "q < 320u;", "q < 290u;"},
    {"a_sample_forgotten", "sum_parameters", "s < a.samples", "s + 1u < a.samples"},
  });
}

TEST(Mutation, mistakes_in_the_step_of_the_optimiser_are_noticed) {
  const std::string squares = "square_gradients", decide = "decide_step", move = "move_parameters";
  expect_noticed(Mutated("batch_count", "mistakes_in_a_step", {}, {}), {
    {"a_column_forgotten", squares, "u) continue;", "u - 1u) continue;"},
    {"all_blocks_in_one_place", squares, "gridDim.x + blockIdx.x", "gridDim.x"},
    {"squares_beyond_the_matrix", squares, "q < 320u;", "q < 420u;"},
    {"the_first_block_alone", decide, "threadIdx.x < 64u", "threadIdx.x < 1u"},
    {"the_norm_of_the_last_one", decide, "all = all + sum;", "all = sum;"},
    {"never_a_step", decide, "int well = 1;", "int well = 0;"},
    {"the_numbers_of_another", move, "move_of(a.update_numbers, 0u)", "move_of(a.update_numbers, 9u)"},
    {"part_of_the_weights", move, "q < 320u;", "q < 290u;"},
    {"moments_of_another", move, "_moment2 + q);", "_moment2);"},
  });
}

}  // namespace
}  // namespace antidrome
