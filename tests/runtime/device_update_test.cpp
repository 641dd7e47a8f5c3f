// A step that a device takes against the host's optimiser, on the same gradients; and runs that are interrupted or share their batches with nobody.
// The devices are emulated.
#include "runtime/session/session.hpp"
#include "runtime/train/trainer.hpp"
#include "tests/runtime/fake.hpp"

#include <cmath>
#include <numeric>

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

#define NEEDS_GENERATOR() \
  if (!test::fs::exists(test::fs::path(ANTIDROME_BINARY_DIR) / "bin/antidrome-gen")) GTEST_SKIP() << "SKIP: antidrome-gen was not built"

constexpr std::uint32_t batch_size = 12;
const std::string configuration = std::string(ANTIDROME_SOURCE_DIR) + "/userprojects/yinyang/run.toml";

/// Matrices, a bounded parameter per neuron and a bounded shared one, on Yin-Yang.
class DeviceUpdate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::fs::exists(test::fs::path(ANTIDROME_BINARY_DIR) / "bin/antidrome-gen")) return;
    scratch = std::make_unique<Scratch>();
    setenv("ANTIDROME_DEVICE", "emulated", 1);
    for (const std::string precision : {"float", "double"}) {
      const Outcome out = test::antidrome(scratch->path(), "build " ANTIDROME_SOURCE_DIR "/tests/models/noisy.cc --backend cuda --device emulated --set hidden=30 --precision " + precision + " -o " + precision);
      ASSERT_EQ(out.exit_code, 0) << out.output;
    }
  }
  static void TearDownTestSuite() { scratch.reset(); }

  static std::unique_ptr<Session> session(const std::string& precision, std::uint32_t capacity = 0) {
    auto s = std::make_unique<Session>(load_manifest(*scratch / precision), SessionOptions{.dt_ms = 0.5, .steps = 90, .seed = 3, .spike_capacity = capacity});
    initialise(s->parameters(), s->manifest(), 3);
    return s;
  }
  static inline std::unique_ptr<Scratch> scratch;
};

/// Batches of Yin-Yang, in order.
class Batches {
 public:
  Batches() : config_(load_config(configuration, {})), data_(data::make_dataset(config_.data, data::Split::train)), builder_(*data_, {.dt_ms = 0.5, .steps = 90}) {}
  void read(std::size_t number, data::EventBatch& into) {
    std::vector<std::size_t> order(batch_size);
    std::iota(order.begin(), order.end(), number * batch_size);
    builder_.build(order, 0, true, into);
  }

 private:
  RunConfig config_;
  std::unique_ptr<data::Dataset> data_;
  data::BatchBuilder builder_;
};

void expect_same(const Arrays& a, const Arrays& b, const std::string& what) {
  for (std::size_t k = 0; k < a.size(); ++k)
    if (a.present(k)) { EXPECT_EQ(a.values(k), b.values(k)) << what << " of parameter " << k; }
}

/// Largest difference relative to the largest value of the same array.
double difference(const Arrays& a, const Arrays& b) {
  double out = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!a.present(k)) continue;
    const std::vector<double> x = a.values(k), y = b.values(k);
    double largest = 0, apart = 0;
    for (std::size_t e = 0; e < x.size(); ++e) largest = std::fmax(largest, std::fabs(x[e])), apart = std::fmax(apart, std::fabs(x[e] - y[e]));
    if (largest > 0) out = std::fmax(out, apart / largest);
  }
  return out;
}

/// What trainer.cpp does with gradients that come to the host.
bool host_step(Session& session, Optimiser& optimiser, const BatchResult& result, const TrainConfig& config, std::vector<double>& squares) {
  squares = squared_norms(session.gradients(), 1);
  const double count = static_cast<double>(result.samples), norm = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0)) / count;
  const bool finite_loss = std::all_of(result.loss.begin(), result.loss.end(), [](double x) { return std::isfinite(x); });
  if (result.code != ANTIDROME_OK || !finite_loss || !std::isfinite(norm)) return false;
  const double clip = config.clip > 0 && norm > config.clip ? config.clip / norm : 1;
  optimiser.step(session.parameters(), session.gradients(), {.gradient_scale = clip / count});
  return true;
}

/// Two sessions side by side: one whose device takes the steps, one whose host does.
struct Pair {
  std::unique_ptr<Session> device, host;
  TrainConfig config;
  std::unique_ptr<Optimiser> of_device, of_host;
  Batches batches;
  std::vector<double> squares;
  std::size_t taken = 0;

  Pair(std::unique_ptr<Session> a, std::unique_ptr<Session> b, const TrainConfig& c)
      : device(std::move(a)), host(std::move(b)), config(c), of_device(make_optimiser(c, device->manifest(), device->simulator())), of_host(make_optimiser(c, host->manifest(), host->simulator())) {
    device->keep_moments(of_device->kept());
  }
  /// Whether both took the step.
  bool step(std::size_t number, double factor = 1) {
    data::EventBatch batch;
    batches.read(number, batch);
    Pass pass{.training = true, .backward = true, .number = batch.number()};
    const bool on_host = host_step(*host, *of_host, host->run(batch.samples(), pass), config, squares);
    pass.update = &of_device->next_step(factor, batch_size);
    const BatchResult& result = device->run(batch.samples(), pass);
    EXPECT_EQ(pass.update->taken != 0, on_host);
    EXPECT_EQ(result.samples, batch_size);
    if (on_host) of_device->took_step(), ++taken;
    return on_host;
  }
  /// `tolerance` 0: the same bits.
  void compare(double tolerance) {
    const Arrays& a = std::as_const(*device).parameters();
    const Arrays& b = std::as_const(*host).parameters();
    if (tolerance == 0) expect_same(a, b, "values");
    EXPECT_LE(difference(a, b), tolerance);
    for (std::size_t m = 0; m < of_device->moments().size(); ++m) {
      if (tolerance == 0) expect_same(*of_device->moments()[m].second, *of_host->moments()[m].second, "moments");
      EXPECT_LE(difference(*of_device->moments()[m].second, *of_host->moments()[m].second), tolerance);
    }
  }
};

TrainConfig with(const std::string& optimiser) {
  TrainConfig c;
  c.optimiser = optimiser;
  c.learning_rate = 0.05;                       // large: bounds are reached
  c.momentum = 0.9;
  c.weight_decay = 0.1;
  return c;
}

std::size_t number_of(const Session& s, const std::string& name) {
  const std::vector<ParameterInfo>& all = s.manifest().parameters;
  const auto found = std::find_if(all.begin(), all.end(), [&](const ParameterInfo& p) { return p.name == name; });
  if (found == all.end()) throw std::out_of_range(name);
  return static_cast<std::size_t>(found - all.begin());
}

/// Elements that lie on one of their bounds.
std::size_t at_bounds(const Session& s) {
  std::size_t n = 0;
  for (std::size_t k = 0; k < s.manifest().parameters.size(); ++k) {
    const ParameterInfo& p = s.manifest().parameters[k];
    for (const double x : s.parameters().values(k)) n += (p.low && x == *p.low) || (p.high && x == *p.high);
  }
  return n;
}

TEST_F(DeviceUpdate, takes_the_steps_of_the_host_to_the_last_bit) {
  NEEDS_GENERATOR();
  for (const std::string precision : {"float", "double"})
    for (const std::string optimiser : {"adam", "adamw", "sgd"}) {
      SCOPED_TRACE(precision + " " + optimiser);
      TrainConfig c = with(optimiser);
      c.rates["NoisyCubaLif.tau_syn"] = c.rates["hidden.NoisyCubaLif.tau_syn"] = 5;
      Pair p(session(precision), session(precision), c);
      ASSERT_EQ(p.device->manifest().parameters.size(), p.host->manifest().parameters.size());
      for (std::size_t k = 0; k < 5; ++k) {
        ASSERT_TRUE(p.step(k));
        const double tolerance = precision == "float" ? std::ldexp(1, -40) : 1e-13;   // pairs of floats, some 10^3 summands; or another order of them
        for (std::size_t q = 0; q < p.squares.size(); ++q) EXPECT_NEAR(p.of_device->squared_norms()[q], p.squares[q], tolerance * p.squares[q]) << q;
      }
      p.compare(0);
    }
}

TEST_F(DeviceUpdate, bounds_hold) {
  NEEDS_GENERATOR();
  TrainConfig c = with("sgd");
  c.learning_rate = 1e4;
  Pair p(session("float"), session("float"), c);
  p.step(0);
  p.compare(0);
  EXPECT_GT(at_bounds(*p.device), 0u);
}

TEST_F(DeviceUpdate, frozen_parameters_stay) {
  NEEDS_GENERATOR();
  TrainConfig c = with("adamw");
  c.freeze = {"input_hidden.w"};
  Pair p(session("float"), session("float"), c);
  const std::size_t frozen = number_of(*p.device, "input_hidden.w");
  const std::vector<double> w = std::as_const(*p.device).parameters().values(frozen);
  for (std::size_t k = 0; k < 3; ++k) ASSERT_TRUE(p.step(k));
  p.compare(0);
  EXPECT_EQ(std::as_const(*p.device).parameters().values(frozen), w);
  EXPECT_GT(p.squares[frozen], 0);              // and yet its gradient counts in the norm
}

// The factor of a clipped gradient comes from the norm. In floats both sides round it to 24 bits: the same ones, unless what was rounded lies within 2^-40 of
// the middle between two of them, and then one unit in the last place apart, 2^-23. In double the sums have another order: n 2^-53 with n < 10^3 summands.
// Weights move by the rate times a quotient in which the factor cancels but for epsilon; sgd's move in proportion.
TEST_F(DeviceUpdate, gradients_are_clipped) {
  NEEDS_GENERATOR();
  for (const std::string optimiser : {"adam", "sgd"})
    for (const auto& [precision, tolerance] : {std::pair{"float", std::ldexp(1, -21)}, std::pair{"double", 1e-12}}) {
      SCOPED_TRACE(optimiser);
      TrainConfig c = with(optimiser);
      c.learning_rate = 1e-3;
      c.clip = 1e-3;
      Pair p(session(precision), session(precision), c);
      for (std::size_t k = 0; k < 4; ++k) ASSERT_TRUE(p.step(k));
      EXPECT_GT(std::sqrt(std::accumulate(p.squares.begin(), p.squares.end(), 0.0)) / batch_size, 10 * c.clip);
      p.compare(tolerance);
    }
}

TEST_F(DeviceUpdate, nothing_moves_where_a_number_is_not_finite) {
  NEEDS_GENERATOR();
  TrainConfig c = with("adam");
  Pair p(session("float"), session("float"), c);
  ASSERT_TRUE(p.step(0));
  const std::size_t weights = number_of(*p.device, "hidden_output.w");
  const double before = std::as_const(*p.device).parameters().get(weights, 0, 0);
  for (const double wild : {1e39, std::nan("")}) {
    for (Session* s : {p.device.get(), p.host.get()})
      for (std::uint32_t r = 0; r < s->manifest().parameters[weights].rows; ++r) s->parameters().set(weights, r, 0, wild);
    EXPECT_FALSE(p.step(1));
  }
  for (Session* s : {p.device.get(), p.host.get()})
    for (std::uint32_t r = 0; r < s->manifest().parameters[weights].rows; ++r) s->parameters().set(weights, r, 0, before);
  ASSERT_TRUE(p.step(2));
  p.compare(0);
  EXPECT_EQ(p.taken, 2u);
}

// In floats a square of 10^20 is infinite and one of 10^-25 nothing: their sums have an exponent of their own, where the host has doubles.
TEST_F(DeviceUpdate, norms_are_those_of_doubles_for_gradients_of_any_size) {
  NEEDS_GENERATOR();
  for (const double size : {1e-26, 1e-18, 1e18, 1e22}) {
    SCOPED_TRACE(size);
    TrainConfig c = with("sgd");
    c.clip = 1;
    c.learning_rate = 0.1;
    Pair p(session("float"), session("float"), c);
    const std::size_t weights = number_of(*p.device, "hidden_output.w");
    for (Session* s : {p.device.get(), p.host.get()})
      for (std::uint32_t r = 0; r < s->manifest().parameters[weights].rows; ++r)
        for (std::uint32_t k = 0; k < 3; ++k) s->parameters().set(weights, r, k, size * s->parameters().get(weights, r, k));
    ASSERT_TRUE(p.step(0));
    const std::size_t inputs = number_of(*p.device, "input_hidden.w");
    EXPECT_GT(p.squares[inputs], 0);
    if (size > 1) { EXPECT_GT(p.squares[inputs], size * size / 100); }
    for (std::size_t q = 0; q < p.squares.size(); ++q) EXPECT_NEAR(p.of_device->squared_norms()[q], p.squares[q], std::ldexp(1, -40) * p.squares[q]) << q;
    p.compare(std::ldexp(1, -21));
  }
}

// The batch runs again with more room, and takes its step then.
TEST_F(DeviceUpdate, a_batch_without_room_for_its_spikes_takes_one_step) {
  NEEDS_GENERATOR();
  Pair p(session("float", 1), session("float"), with("adam"));
  std::size_t overflows = 0;
  p.device->on_overflow([&](std::uint32_t, std::uint32_t) { ++overflows; });
  for (std::size_t k = 0; k < 3; ++k) ASSERT_TRUE(p.step(k));
  EXPECT_GT(overflows, 0u);
  p.compare(0);
}

TEST_F(DeviceUpdate, announced_batches_do_not_change_a_bit_and_others_may_come_instead) {
  NEEDS_GENERATOR();
  const TrainConfig c = with("adam");
  const auto train = [&](Session& s, bool announce, bool another) {
    const auto optimiser = make_optimiser(c, s.manifest(), s.simulator());
    s.keep_moments(optimiser->kept());
    Batches batches;
    std::array<data::EventBatch, 3> read;
    std::vector<double> losses;
    batches.read(0, read[0]);
    for (std::size_t k = 0; k < 5; ++k) {
      batches.read(k + 1, read[(k + 1) % 2]);
      batches.read(17, read[2]);
      const antidrome_next next = read[another ? 2 : (k + 1) % 2].announced();
      Pass pass{.training = true, .backward = true, .number = read[k % 2].number(), .next = announce ? &next : nullptr, .update = &optimiser->next_step(1, batch_size)};
      const BatchResult& result = s.run(read[k % 2].samples(), pass);
      losses.insert(losses.end(), result.loss.begin(), result.loss.end());
      EXPECT_TRUE(pass.update->taken);
      optimiser->took_step();
    }
    std::as_const(s).parameters();              // brings what the optimiser keeps along
    s.keep_moments({});
    return losses;
  };
  const auto plain = session("float"), announced = session("float"), other = session("float");
  const std::vector<double> losses = train(*plain, false, false);
  EXPECT_EQ(train(*announced, true, false), losses);
  EXPECT_EQ(train(*other, true, true), losses);
  expect_same(std::as_const(*plain).parameters(), std::as_const(*announced).parameters(), "values");
  expect_same(std::as_const(*plain).parameters(), std::as_const(*other).parameters(), "values");
}

TEST_F(DeviceUpdate, runs_that_were_interrupted_end_with_the_same_bits) {
  NEEDS_GENERATOR();
  const std::string train = "train " ANTIDROME_SOURCE_DIR "/tests/models/noisy.cc --backend cuda --device emulated --config " + configuration +
                            " --no-plots --quiet --set hidden=30 --set data.train_size=120 --set data.validation_size=20 --set data.test_size=20 --set train.clip=0.02 --set output.checkpoint_batches=2 --set output.checkpoint_seconds=0 "
                            "--set train.lift_silent={hidden=0.02} --set 'record={what=[\"hidden.v\"],batches=[2]}' ";
  for (const char* part : {"--out one --set train.epochs=3", "--out two --set train.epochs=1", "--out two --resume --set train.epochs=3"}) {
    const Outcome out = test::antidrome(scratch->path(), train + part);
    ASSERT_EQ(out.exit_code, 0) << out.output;
  }
  EXPECT_EQ(test::read(*scratch / "one/checkpoints/last.h5"), test::read(*scratch / "two/checkpoints/last.h5"));
  EXPECT_EQ(test::read(*scratch / "one/checkpoints/best.h5"), test::read(*scratch / "two/checkpoints/best.h5"));
}

}  // namespace
}  // namespace antidrome
