// A spiking network of generated kernels' shape: its results are those of plain loops, in any order of threads; and the checker notices every defect that
// is put into its text.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::Device;
using emulator::Mode;

constexpr unsigned neurons = 96, samples = 5, steps = 31, capacity = neurons * steps, columns = 32, shares = 2;
constexpr float alpha = 0.9f, beta = 0.8f;

struct Trial {
  const float* input;
  const float* w;
  unsigned* begin;
  unsigned* spikes;
  float* slope;
  float* loss;
  float* history;
  float* gradient;
  unsigned n_samples, n_steps, n_capacity;
  float a, b;
};

struct Outcome {
  std::vector<unsigned> begin, spikes;
  std::vector<float> loss, history, gradient;
  bool operator==(const Outcome&) const = default;
};

struct Data {
  std::vector<float> input, w;
  Data() : input(samples * steps * neurons), w((neurons + 1) * neurons) {
    unsigned state = 1;
    const auto uniform = [&] { return static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f; };
    for (float& x : input) x = uniform() < 0.15f ? 0.55f * uniform() : 0.0f;
    for (unsigned k = 0; k < neurons * neurons; ++k) w[k] = 0.1f * uniform() - 0.055f;
  }
};

/// The same network in plain loops, each sum in the order of the kernels.
Outcome expected(const Data& d) {
  Outcome o;
  o.begin.assign(samples * (steps + 1), 0);
  o.history.assign(samples * steps * neurons, 0);
  o.gradient.assign(shares * neurons * neurons, 0);
  for (unsigned sample = 0; sample < samples; ++sample) {
    std::vector<float> v(neurons), i(neurons), slope;
    std::vector<unsigned> spikes;
    unsigned* begin = &o.begin[sample * (steps + 1)];
    for (unsigned t = 0; t < steps; ++t) {
      std::vector<unsigned> fired;
      for (unsigned j = 0; j < neurons; ++j) {
        v[j] = alpha * v[j] + i[j], i[j] = beta * i[j] + d.input[(sample * steps + t) * neurons + j];
        if (v[j] >= 1.0f) fired.push_back(j);
      }
      for (unsigned warp = 0; warp < 3; ++warp) {
        std::vector<unsigned> list;
        for (const unsigned j : fired)
          if (j / 32 == warp) list.push_back(j);
        while (list.size() % 4 != 0) list.push_back(neurons);
        for (std::size_t k = 0; k < list.size(); k += 4)
          for (unsigned j = 0; j < neurons; ++j) i[j] += (d.w[list[k] * neurons + j] + d.w[list[k + 1] * neurons + j]) + (d.w[list[k + 2] * neurons + j] + d.w[list[k + 3] * neurons + j]);
      }
      for (const unsigned j : fired) spikes.push_back(j), slope.push_back(i[j] + 1.0f), v[j] = 0.0f;
      begin[t + 1] = static_cast<unsigned>(spikes.size());
    }
    const auto warp_sum = [](auto of) {          // as shuffles add: 16 apart, 8 apart, …
      std::vector<float> x(32);
      for (unsigned l = 0; l < 32; ++l) x[l] = of(l);
      for (unsigned distance = 16; distance > 0; distance /= 2)
        for (unsigned l = 0; l < distance; ++l) x[l] += x[l + distance];
      return x[0];
    };
    float sums[3];
    for (unsigned warp = 0; warp < 3; ++warp) sums[warp] = warp_sum([&](unsigned l) { return v[32 * warp + l]; });
    o.loss.push_back((sums[0] + sums[1]) + sums[2]);
    std::vector<float> lv(neurons, 1.0f), li(neurons, 0.0f);
    for (unsigned t = steps; t-- > 0;) {
      const std::vector<float> published = li;
      for (unsigned e = begin[t]; e < begin[t + 1]; ++e) {
        const float* row = &d.w[spikes[e] * neurons];
        const float s = warp_sum([&](unsigned l) { return ((0.0f + row[l] * published[l]) + row[l + 32] * published[l + 32]) + row[l + 64] * published[l + 64]; });
        lv[spikes[e]] = 0.5f * lv[spikes[e]] + s / slope[e];
      }
      for (unsigned j = 0; j < neurons; ++j) {
        o.history[(sample * steps + t) * neurons + j] = li[j];
        li[j] = beta * li[j] + lv[j], lv[j] = alpha * lv[j];
      }
    }
    for (unsigned t = 0; t < steps; ++t)
      for (unsigned e = begin[t]; e < begin[t + 1]; ++e)
        for (unsigned j = 0; j < neurons; ++j) o.gradient[(sample % shares * neurons + spikes[e]) * neurons + j] += o.history[(sample * steps + t) * neurons + j];
    o.spikes.insert(o.spikes.end(), spikes.begin(), spikes.end());
  }
  return o;
}

/// Runs the three kernels. Stops at the first fault, as a program would.
Outcome run(Device& device, const emulator::Module& module, const Data& d, unsigned blocks) {
  const Trial a{device.upload<float>(std::span<const float>(d.input), "input"), device.upload<float>(std::span<const float>(d.w), "w"), device.allocate<unsigned>(samples * (steps + 1), "begin"),
                device.allocate<unsigned>(samples * capacity, "spikes"), device.allocate<float>(samples * capacity, "slope"), device.allocate<float>(samples, "loss"),
                device.allocate<float>(samples * steps * neurons, "history"), device.allocate<float>(shares * neurons * neurons, "gradient"), samples, steps, capacity, alpha, beta};
  Outcome o;
  if (!device.launch(module.kernel("forward_trial"), {.grid = {blocks}, .block = {neurons}}, emulator::bytes_of(a))) return o;
  if (!device.launch(module.kernel("backward_trial"), {.grid = {blocks}, .block = {neurons}}, emulator::bytes_of(a))) return o;
  if (!device.launch(module.kernel("gather_gradient"), {.grid = {neurons / columns, shares}, .block = {neurons}, .dynamic_shared_bytes = steps * columns * 4}, emulator::bytes_of(a))) return o;
  o.begin = device.download(a.begin, samples * (steps + 1));
  const auto spikes = device.download(a.spikes, samples * capacity);
  for (unsigned s = 0; s < samples; ++s) {
    const unsigned count = std::min(o.begin[s * (steps + 1) + steps], capacity);
    o.spikes.insert(o.spikes.end(), spikes.begin() + s * capacity, spikes.begin() + s * capacity + count);
  }
  o.loss = device.download(a.loss, samples);
  o.history = device.download(a.history, samples * steps * neurons);
  o.gradient = device.download(a.gradient, shares * neurons * neurons);
  return o;
}

TEST(SpikingKernel, has_the_results_of_plain_loops_in_every_order) {
  const Data data;
  const Outcome plain_loops = expected(data);
  EXPECT_GT(plain_loops.spikes.size(), 200u) << "a network that is silent proves nothing";
  std::vector<std::string> compilers = {"g++"};
  if (!test::clang().empty()) compilers.push_back(test::clang());
  for (const std::string& compiler : compilers)
    for (const Mode mode : {Mode::plain, Mode::checked}) {
      const emulator::Module module = test::compiled("spiking.cu", mode, compiler);
      for (std::uint64_t seed = 0; seed <= 5; ++seed)
        for (const unsigned blocks : {2u, samples}) {
          Device device({.seed = seed, .check = mode == Mode::checked});
          const Outcome o = run(device, module, data, blocks);
          EXPECT_TRUE(device.report().clean()) << device.report().text();
          EXPECT_TRUE(o == plain_loops) << "seed " << seed << ", " << blocks << " blocks";   // bit by bit
        }
    }
}

TEST(SpikingKernel, reads_its_rows_in_whole_sectors_and_without_conflicts) {
  Device device({.check = true});
  run(device, test::compiled("spiking.cu", Mode::checked), Data(), 2);
  const emulator::Counters c = device.counters();
  for (const char* kernel : {"forward_trial", "backward_trial", "gather_gradient"}) {
    EXPECT_GT(c.total(kernel, emulator::Access::global_load).sector_efficiency(), 0.9) << c.text();
    for (const emulator::LineCounters& l : c.lines) EXPECT_LE(l.conflicts(), 2.0) << l.place.text();
  }
  EXPECT_EQ(c.of("forward_trial").barriers_per_warp(), samples * (steps + 1) / 2.0) << "one a step, one a sample; two blocks";
}

struct Mutation {
  std::string name, before, after;
};
/// Every barrier deleted in turn, and other mistakes.
std::vector<Mutation> mutations() {
  std::vector<Mutation> all;
  const std::string text = test::kernel_text("spiking.cu"), barrier = "__syncthreads();";
  for (std::size_t at = text.find(barrier), n = 1; at != std::string::npos; at = text.find(barrier, at + 1), ++n) {
    const std::size_t end = text.find('\n', at);
    all.push_back({"no_barrier_" + std::to_string(n), text.substr(at, end - at), ";" + text.substr(at + barrier.size(), end - at - barrier.size())});
  }
  for (const Mutation& m : std::initializer_list<Mutation>{
           {"one_list_for_two_steps", "const u32 now = t & 1u;", "const u32 now = 0u;"},
           {"no_null_neurons", "if (lane < 4u) lists[now][warp][mine + lane] = null;", ""},
           {"ballot_in_a_branch", "const u32 bits = __ballot_sync(every_lane, fired)", "u32 bits = 0; if (v > -0.02f) bits = __ballot_sync(every_lane, fired); const u32 unused = bits"},
           {"barrier_in_a_branch", "if (j == 0) a.begin[sample * (a.steps + 1u) + t + 1u] = total;", "if (fired) { __syncthreads(); }"},
           {"early_return", "const u32 now = t & 1u;", "const u32 now = t & 1u; if (v < -0.3f) return;"},
           {"wrong_stride", "__ldg(a.w + id.x * neurons + j)", "__ldg(a.w + id.x * (neurons + 2u) + j)"},
           {"one_row_too_far", "__ldg(a.w + id.w * neurons + j)", "__ldg(a.w + (id.w + 1u) * neurons + j)"},
           {"every_lane_counts", "if (lane == 0u) counts[now][warp] = mine;", "counts[now][warp] = mine;"},
           {"no_beginning", "if (j == 0) a.begin[sample * (a.steps + 1u)] = 0;", ""},
           {"steps_of_another_size", "__ldg(begin + t + 1u), tag", "__ldg(begin + t + 2u), tag"},
           {"tags_uninitialised", "tags[j] = 0xffffffffu;", ""},
           {"sums_uninitialised", "partial[row][lane] = 0.0f;", ""},
           {"one_tag_for_all_neurons", "tags[id] = tag;", "tags[0] = tag;"},
           {"rows_of_two_warps", "if (id % warps == warp) partial", "if (id % warps <= warp) partial"},
           {"rows_without_owner", "if (id % warps == warp) partial", "partial"},
           {"blocks_share_a_sum", "a.gradient[(blockIdx.y * neurons + row) * neurons + column]", "a.gradient[row * neurons + column]"},
           {"slice_too_short", "t < a.steps; t += warps) slice", "t + 1u < a.steps; t += warps) slice"},
           {"slice_too_long", "t < a.steps; t += warps) slice", "t <= a.steps; t += warps) slice"},
           {"samples_overlap", "const u32 at = sample * a.capacity + total", "const u32 at = (sample / 2u) * a.capacity + total"},
       })
    all.push_back(m);
  return all;
}

class SeededDefect : public testing::TestWithParam<Mutation> {};
INSTANTIATE_TEST_SUITE_P(, SeededDefect, testing::ValuesIn(mutations()), [](const auto& m) { return m.param.name; });

TEST_P(SeededDefect, is_caught) {
  std::string text = test::kernel_text("spiking.cu");
  const std::size_t at = text.find(GetParam().before);
  ASSERT_NE(at, std::string::npos) << "the text has changed";
  text.replace(at, GetParam().before.size(), GetParam().after);
  const emulator::Module module = test::compiled_text(text, "mutant.cu", Mode::checked);
  for (const std::uint64_t seed : {0, 1, 2}) {
    Device device({.seed = seed, .check = true, .access_limit = 10000000});
    run(device, module, Data(), 2);
    EXPECT_FALSE(device.report().clean()) << "seed " << seed;
    for (const emulator::Finding& f : device.report().findings) EXPECT_EQ(f.at.text().substr(0, 10), "mutant.cu:") << f.text();
  }
}

}  // namespace
}  // namespace antidrome
