// Timing of sessions, side by side.
#include "runtime/bench/bench.hpp"
#include "runtime/data/batch.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/optimiser.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <numeric>

namespace antidrome::bench {
namespace {

double seconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// CPU seconds of all threads of this process.
double cpu_seconds() { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

/// Adam at a rate of zero, so that all batches are the same.
TrainConfig no_change() {
  TrainConfig config;
  config.learning_rate = 0;
  return config;
}

/// One network with its data, ready to be run again and again.
struct Rig {
  Rig(const Work& w, Activity activity)
      : work(w), data(w.shape, activity, w.batch), builder(data, {.dt_ms = w.session->options().dt_ms, .steps = w.session->options().steps}), order(w.batch),
        optimiser(make_optimiser(no_change(), w.session->manifest(), w.session->simulator())) {
    std::iota(order.begin(), order.end(), std::size_t{0});
  }
  void once(Timing* t);

  const Work& work;
  SyntheticData data;
  data::BatchBuilder builder;
  data::EventBatch batch;
  std::vector<std::size_t> order;
  std::unique_ptr<Optimiser> optimiser;
};

void Rig::once(Timing* t) {
  Session& s = *work.session;
  const double start = cpu_seconds();
  builder.build(order, 0, false, batch);
  const double built = cpu_seconds();
  const double before[3] = {s.times_s()[0], s.times_s()[1], s.times_s()[2]};
  const double begun = seconds(CLOCK_MONOTONIC);
  const BatchResult& result = s.run(batch.samples(), {.training = true, .backward = true});
  if (result.code == ANTIDROME_NONFINITE_FORWARD) fail(exit_check_failed, "AD416", {work.name}, "the network's states are no longer finite: there is nothing to measure", "choose other weights or inputs");
  const double ended = seconds(CLOCK_MONOTONIC), ran = cpu_seconds();
  optimiser->step(s.parameters(), s.gradients(), {.gradient_scale = 1.0 / double(order.size()), .threads = 1});
  const double updated = cpu_seconds();
  if (!t) return;
  const double part[3] = {1e3 * (s.times_s()[0] - before[0]), 1e3 * (s.times_s()[1] - before[1]), 1e3 * (s.times_s()[2] - before[2])};
  t->data.add(1e3 * (built - start));
  t->forward.add(part[0]);
  t->adjoint.add(part[1]);
  t->gradient.add(part[2]);
  t->training.add(part[0] + part[1] + part[2]);
  t->wall.add(1e3 * (ended - begun));
  t->update.add(1e3 * (updated - ran));
}

Counts counts_of(const Rig& rig, const BatchResult& result) {
  const Manifest& m = rig.work.session->manifest();
  const Shape& shape = rig.work.shape;
  Counts c;
  c.input_events = double(rig.batch.events());
  c.neuron_steps = double(result.samples) * rig.work.session->options().steps * m.neurons();
  std::size_t first = 0;
  for (const PopulationInfo& p : m.populations) {
    double spikes = 0;
    for (std::size_t k = 0; k < result.samples; ++k)
      for (std::size_t j = 0; j < p.size; ++j) spikes += result.spike_counts[k * m.neurons() + first + j];
    c.spikes.push_back(spikes);
    first += p.size;
  }
  c.forward_events = c.input_events * shape.hidden;
  for (int layer = 0; layer < shape.layers; ++layer) {
    const double next = layer + 1 < shape.layers ? shape.hidden : shape.outputs;
    c.forward_events += c.spikes[static_cast<std::size_t>(layer)] * ((shape.recurrent ? shape.hidden : 0) + next);
  }
  c.backward_events = 2 * c.forward_events - c.input_events * shape.hidden;      // a gradient each, and a row product of own spikes
  return c;
}

}  // namespace

void Spread::add(double x) { ms.insert(std::upper_bound(ms.begin(), ms.end(), x), x); }

std::vector<Timing> measure(const std::vector<Work>& work, Activity activity, int repetitions, const Roofline& roofline) {
  std::vector<std::unique_ptr<Rig>> rigs;
  std::vector<Timing> timings(work.size());
  for (const Work& w : work) rigs.push_back(std::make_unique<Rig>(w, activity));
  for (auto& rig : rigs) rig->once(nullptr);                      // the tape grows to what the samples need
  for (int k = 0; k < repetitions; ++k)
    for (std::size_t q = 0; q < rigs.size(); ++q) rigs[q]->once(&timings[q]);
  for (std::size_t q = 0; q < rigs.size(); ++q) {
    Session& s = *work[q].session;
    timings[q].counts = counts_of(*rigs[q], s.run(rigs[q]->batch.samples(), {.training = true, .backward = true}));
    timings[q].bound_ms = bound_ms(work[q].shape, timings[q].counts, s.manifest(), roofline);
    timings[q].workspace_bytes = s.simulator().workspace_bytes(s.settings(static_cast<std::uint32_t>(work[q].batch), {.training = true, .backward = true}), &timings[q].tape_bytes);
  }
  return timings;
}

}  // namespace antidrome::bench
