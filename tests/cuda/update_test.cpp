// What a training step asks of a device: one graph, no gradients and no parameters on their way, the next batch beside it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cuda/cases.hpp"

namespace antidrome {
namespace {

using namespace fixtures;
using cuda::Address;

/// Writes down what it is asked for, and has it done.
class Recorded final : public cuda::Device {
 public:
  Recorded(const std::string& module, std::vector<std::string>& calls) : device_(module), calls_(calls) {}
  std::string name() const override { return "recorded"; }
  Address allocate(std::size_t bytes, const std::string& what) override {
    const Address a = device_.allocate(bytes, what);
    names_[a] = what;
    return a;
  }
  void free(Address a) override { device_.free(a); }
  void upload(Address to, const void* from, std::size_t bytes) override {
    calls_.push_back("upload " + names_.at(to));
    device_.upload(to, from, bytes);
  }
  void download(void* to, Address from, std::size_t bytes) override {
    calls_.push_back("download " + std::prev(names_.upper_bound(from))->second);
    device_.download(to, from, bytes);
  }
  void clear(Address a, std::size_t bytes) override {
    calls_.push_back("clear " + names_.at(a));
    device_.clear(a, bytes);
  }
  void launch(const std::string& kernel, const cuda::LaunchShape& shape, std::span<const std::byte> arguments) override {
    calls_.push_back("launch " + kernel);
    device_.launch(kernel, shape, arguments);
  }
  void begin_graph() override { calls_.push_back("begin graph"); }
  void launch_graph() override { calls_.push_back("launch graph"); }
  void upload_beside(std::span<const cuda::Upload> uploads) override {
    for (const cuda::Upload& u : uploads) {
      calls_.push_back("upload beside " + names_.at(u.to));
      device_.upload(u.to, u.from, u.bytes);
    }
  }
  void join_uploads() override { calls_.push_back("join uploads"); }
  void synchronise() override { calls_.push_back("synchronise"); }
  std::uint32_t resident_blocks(const std::string& kernel, std::uint32_t threads) override { return device_.resident_blocks(kernel, threads); }

 private:
  cuda::EmulatedDevice device_;
  std::vector<std::string>& calls_;
  std::map<Address, std::string> names_;
};

/// A network on such a device, its parameters and moments of zero, and two batches that follow each other by turns.
class Steps {
 public:
  explicit Steps(const std::string& folder) : program_(derive(two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.input_weight = 0.6}).network())) {
    const kernel::DeviceModule module = device_module(program_, "steps", kernel::Precision::single_precision);
    simulator_ = std::make_unique<cuda::DeviceSimulator>(cuda::parse_plan(cuda::emit_plan(module)), std::make_unique<Recorded>(compile_kernels(cuda::emit_kernels(module), scratch(folder), false).string(), calls_));
    for (const unsigned seed : {3u, 4u}) samples_.push_back(random_samples(4, 1, 6, 60, 0.5, 3, seed));
    for (const std::vector<Sample>& batch : samples_) {
      for (const Sample& s : batch) events_.push_back(s.sources[0].view());
    }
    for (std::size_t k = 0; k < events_.size(); ++k) views_.push_back({&events_[k], k, static_cast<std::int32_t>(k % 3)});
    const antidrome_simulator& s = *simulator_->abi();
    for (std::size_t k = 0; k < program_.parameters.size(); ++k) {
      const ir::Parameter& p = program_.parameters[k];
      for (auto* list : {&values_, &means_, &squares_}) {
        memory_.emplace_back(static_cast<std::size_t>(p.rows) * s.strides[k] * s.precision);
        list->push_back(memory_.back().data);
      }
      std::mt19937 g(5);
      for (int i = 0; i < p.rows; ++i)
        for (int j = 0; j < p.cols; ++j) static_cast<float*>(values_.back())[static_cast<std::size_t>(i) * s.strides[k] + static_cast<std::size_t>(j)] = p.axes == ir::Parameter::Axes::source_target ? std::normal_distribution<float>(0.6f, 0.3f)(g) : float(p.value.a);
      moves_.push_back({p.trainable, 0.01, 1, -1e30, 1e30});
    }
    const antidrome_state state{values_.data(), {means_.data(), squares_.data()}};
    s.put(s.self, &state);
  }

  /// The calls of the batch; `announced`: the number of the batch that is said to follow, 0: none is.
  std::vector<std::string> step(std::uint64_t number, std::uint64_t announced, bool backward = true) {
    calls_.clear();
    const antidrome_simulator& s = *simulator_->abi();
    antidrome_settings settings{0.5, 60, 4, 1, 4, 1000, 1000, 1, 0, 1, backward, {}};
    double loss[4];
    antidrome_status status[4];
    std::vector<double> norms(values_.size());
    antidrome_update update{ANTIDROME_ADAM, 0.9, 0.999, 10, 1000, 1e-8, 0, 0, 4, moves_.data(), norms.data(), 0};
    const antidrome_next next{views_.data() + announced % 2 * 4, 4, announced};
    const antidrome_batch batch{&settings, views_.data() + number % 2 * 4, nullptr, nullptr, loss, nullptr, nullptr, nullptr, status, nullptr, nullptr, nullptr, nullptr, number, backward ? &update : nullptr, announced ? &next : nullptr};
    EXPECT_EQ(s.run(s.self, &batch), ANTIDROME_OK);
    EXPECT_EQ(update.taken != 0, backward);
    return calls_;
  }

 private:
  ir::Program program_;
  std::vector<std::string> calls_;
  std::unique_ptr<cuda::DeviceSimulator> simulator_;
  std::vector<std::vector<Sample>> samples_;
  std::vector<antidrome_events> events_;
  std::vector<antidrome_sample> views_;
  std::vector<Aligned> memory_;
  std::vector<void*> values_, means_, squares_;
  std::vector<antidrome_move> moves_;
};

std::vector<std::string> starting_with(const std::vector<std::string>& calls, const std::string& word) {
  std::vector<std::string> out;
  for (const std::string& c : calls)
    if (c.starts_with(word)) out.push_back(c.substr(word.size()));
  return out;
}

std::size_t place(const std::vector<std::string>& calls, const std::string& call) { return static_cast<std::size_t>(std::find(calls.begin(), calls.end(), call) - calls.begin()); }

const std::vector<std::string> events_of_a_batch = {"label", "index", "group_of_input", "unit_of_input", "unit_group_of_input", "step_of_input"};

TEST(TrainingStep, is_one_graph_and_moves_neither_gradients_nor_parameters_to_or_from_the_host) {
  Steps steps("steps_one_graph");
  steps.step(1, 2);
  const std::vector<std::string> calls = steps.step(2, 3);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "begin graph"), 1);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "launch graph"), 1);
  const std::size_t begin = place(calls, "begin graph"), end = place(calls, "launch graph");
  std::size_t launched = 0;
  for (std::size_t k = 0; k < calls.size(); ++k) {
    const bool of_graph = calls[k].starts_with("launch ") || calls[k].starts_with("clear ");
    if (calls[k] != "launch graph" && of_graph) { EXPECT_TRUE(begin < k && k < end) << calls[k]; }
    if (begin < k && k < end) { EXPECT_TRUE(of_graph) << calls[k] << " within the graph"; }
    launched += calls[k].starts_with("launch ");
  }
  EXPECT_GE(launched, 10u);
  EXPECT_LT(place(calls, "launch move_parameters"), end);
  EXPECT_EQ(starting_with(calls, "upload "), std::vector<std::string>({"update_numbers", "beside label", "beside index", "beside group_of_input", "beside unit_of_input", "beside unit_group_of_input", "beside step_of_input"}));
  for (const std::string& name : starting_with(calls, "download "))
    for (const char* of : {"_w", "_gradient", "_moment", "_part", "tau"}) EXPECT_EQ(name.find(of), std::string::npos) << name;
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "synchronise"), 1);
}

TEST(TrainingStep, uploads_the_next_batch_between_its_launch_and_its_end) {
  Steps steps("steps_next_batch");
  const std::vector<std::string> first = steps.step(1, 2), second = steps.step(2, 0), other = steps.step(3, 4), last = steps.step(5, 0), again = steps.step(5, 0);
  EXPECT_EQ(starting_with(first, "upload beside "), events_of_a_batch);
  EXPECT_LT(place(first, "launch graph"), place(first, "upload beside label"));
  EXPECT_LT(place(first, "upload beside step_of_input"), place(first, "synchronise"));
  EXPECT_EQ(starting_with(second, "upload "), std::vector<std::string>{"update_numbers"});   // it lies there already
  EXPECT_LT(place(second, "join uploads"), place(second, "begin graph"));
  EXPECT_EQ(starting_with(other, "upload beside "), events_of_a_batch);
  EXPECT_EQ(starting_with(last, "upload label").size(), 1u);      // another one was announced
  EXPECT_EQ(starting_with(again, "upload "), std::vector<std::string>{"update_numbers"});    // a batch that runs again
}

TEST(TrainingStep, an_evaluation_uploads_no_parameters) {
  Steps steps("steps_evaluation");
  steps.step(1, 0);
  EXPECT_EQ(starting_with(steps.step(2, 0, false), "upload "), std::vector<std::string>({"label", "index", "group_of_input", "unit_of_input"}));
}

}  // namespace
}  // namespace antidrome
