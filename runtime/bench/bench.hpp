// Standard shapes of networks, measured as they are trained: data, forward pass, adjoint, gradient and optimiser by themselves.
#pragma once
#include "runtime/data/dataset.hpp"
#include "runtime/session/session.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace antidrome::bench {

/// A network of the benchmarks' model file, and what its samples are like.
struct Shape {
  std::string name, what;
  int inputs = 700, hidden = 256, layers = 1, outputs = 20;
  bool recurrent = true;
  double length_ms = 1000, dt_ms = 1;
  int events = 7900;                       ///< of one sample
  std::map<std::string, std::string> set = {};  ///< further options of the model file
};

const std::vector<Shape>& shapes();
/// The model file that all shapes are options of.
std::string model_text();
/// Its options for a shape: "inputs" -> "700".
std::map<std::string, std::string> model_options(const Shape& shape);

/// How the events of a sample lie in the first seven tenths of its trial: evenly, or in volleys of 20 ms, as trained networks
/// and spoken words have them. `throughout`: evenly, to the end of the trial.
enum class Activity { uniform, bursty, throughout };

/// Samples that differ by their index alone.
class SyntheticData final : public data::Dataset {
 public:
  SyntheticData(const Shape& shape, Activity activity, std::size_t samples);
  /// So many events in every source of a sample.
  SyntheticData(std::vector<std::uint32_t> source_sizes, std::uint32_t classes, int events, double length_ms, Activity activity, std::size_t samples);
  std::string name() const override { return "synthetic events"; }
  std::size_t size() const override { return samples_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return source_sizes_; }
  std::uint32_t classes() const override { return classes_; }
  void read(std::size_t index, data::EventSample& into) const override { into = samples_[index]; }
  data::SampleInfo info(std::size_t index) const override { return {.label = samples_[index].label}; }

 private:
  std::vector<data::EventSample> samples_;
  std::vector<std::uint32_t> source_sizes_;
  std::uint32_t classes_;
};

/// Gather-sums of rows by one core, GB/s, from working sets that fit the first, the second and no private cache.
struct Roofline {
  double l1 = 0, l2 = 0, l3 = 0;
  double gflops = 0;                       ///< additions and multiplications of one core, single precision
  std::size_t l1_bytes = 0, l2_bytes = 0;
  /// Of rows that lie anywhere in so many bytes: each comes from the smallest cache that may hold it.
  double of(double bytes) const {
    const double in_l1 = std::min(1.0, double(l1_bytes) / bytes), in_private = std::min(1.0, double(l2_bytes) / bytes);
    return 1 / (in_l1 / l1 + (in_private - in_l1) / l2 + (1 - in_private) / l3);
  }
};
Roofline measure_roofline();

/// CPU ms of one batch, in order of size.
struct Spread {
  std::vector<double> ms;
  void add(double x);
  double least() const { return ms.front(); }
  double median() const { return ms[ms.size() / 2]; }
  double largest() const { return ms.back(); }
};

/// How often the units of a network did something in one batch.
struct Counts {
  double neuron_steps = 0, input_events = 0;
  std::vector<double> spikes;              ///< of each population
  double forward_events = 0, backward_events = 0;   ///< synaptic: additions of one weight, products and additions on the way back
};

struct Timing {
  Spread data, forward, adjoint, gradient, update, training, wall;   ///< training: forward, adjoint and gradient together; wall: these by the clock, with all threads
  Counts counts;
  double bound_ms = 0;                     ///< what the caches allow, of forward, adjoint and gradient
  std::uint64_t tape_bytes = 0, workspace_bytes = 0;
};

struct Work {
  std::string name;
  Shape shape;
  Session* session = nullptr;
  std::size_t batch = 32;
};

/// Measures all of it alternately, so that what else the machine does disturbs all alike.
std::vector<Timing> measure(const std::vector<Work>& work, Activity activity, int repetitions, const Roofline& roofline);

/// A shape at a quarter of a quantity (batch, length or events), a half, once, twice and four times of it. Multiples of `batch` are rounded, to one at least.
struct Scaled {
  Shape shape;
  std::size_t batch;
  double amount;                           ///< samples, ms, or input events of a sample
};
std::vector<Scaled> scaled(const Shape& shape, std::size_t batch, const std::string& quantity);

/// The straight line that is nearest to some points, by least squares of relative distances.
struct Line {
  double constant = 0, slope = 0, largest = 0;   ///< largest: relative distance of a point from it
};
Line line_through(const std::vector<double>& x, const std::vector<double>& y);

/// ms of a batch by bandwidth alone: rows of weights, histories and states from the caches they fit in.
double bound_ms(const Shape& shape, const Counts& counts, const Manifest& manifest, const Roofline& roofline);

std::string table(const std::vector<Work>& work, const std::vector<Timing>& timings, const Roofline& roofline);
std::string json_text(const std::vector<Work>& work, const std::vector<Timing>& timings, const Roofline& roofline);

/// The same network in PyTorch: CPU ms of a forward and a backward pass, by automatic differentiation of the time loop and with a backward pass
/// written by hand, and how far the gradients of the two are from each other (relative).
/// Throws Failure AD416 where torch cannot be imported or the shape has no such script.
struct PytorchTiming {
  double forward_ms = 0, backward_ms = 0, hand_forward_ms = 0, hand_backward_ms = 0, gradients_apart = 0;
  std::string version;
};
PytorchTiming run_pytorch(const Shape& shape, std::size_t batch, std::uint32_t threads, int repetitions);

}  // namespace antidrome::bench
