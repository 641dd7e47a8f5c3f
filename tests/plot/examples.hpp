// One figure of each kind, with numbers such as runs give: what the tests look at, and what a person may look at.
#pragma once
#include "runtime/plot/plots.hpp"

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace antidrome::plot::test {

inline LearningCurves curves(std::size_t epochs = 40) {
  LearningCurves out{.title = "Learning curves", .subtitle = "yinyang, 5-200-3, EventProp, seed 1"};
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 1);
  for (std::size_t e = 1; e <= epochs; ++e) {
    const double t = static_cast<double>(e);
    out.epoch.push_back(t);
    out.train_loss.push_back(0.06 + 1.05 * std::exp(-t / 7) + 0.006 * noise(random));
    out.validation_loss.push_back(0.09 + 1.02 * std::exp(-t / 7) + 0.015 * noise(random));
    out.train_accuracy.push_back(0.978 - 0.5 * std::exp(-t / 5) + 0.002 * noise(random));
    out.validation_accuracy.push_back(0.968 - 0.5 * std::exp(-t / 5) + 0.006 * noise(random));
  }
  return out;
}

inline SpikeRaster raster() {
  SpikeRaster out{.title = "Spikes", .subtitle = "fashion_mnist test, sample 17, label 9 (Ankle boot)", .trial_ms = 40, .populations = {}};
  std::mt19937 random(2);
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::pair<const char*, std::uint32_t> sizes[] = {{"input", 784}, {"hidden", 256}, {"output", 10}};
  for (const auto& [name, size] : sizes) {
    SpikeRaster::Population p{name, size, {}};
    for (std::uint32_t u = 0; u < size; ++u) {
      const int spikes = size == 784 ? (std::sin(u * 0.02) > 0.2) : static_cast<int>(uniform(random) * 5);
      for (int k = 0; k < spikes; ++k) p.spikes.push_back({(size == 784 ? 2 + 35 * uniform(random) * uniform(random) : 5 + 35 * uniform(random)), u});
    }
    out.populations.push_back(p);
  }
  return out;
}

inline VoltageTraces traces() {
  VoltageTraces out{.title = "Membrane potentials", .subtitle = "yinyang test, sample 3", .quantity = "v (mV)", .dt_ms = 0.1, .threshold = 1, .neurons = {}};
  for (int n = 0; n < 4; ++n) {
    VoltageTraces::Neuron neuron{"hidden " + std::to_string(17 * n), {}, {}};
    double v = 0, i = 0;
    for (int k = 0; k < 450; ++k) {
      const double t = 0.1 * k;
      if (k % (90 + 20 * n) == 10) i += 4.5 - n;
      v += 0.1 * (i - v) / 20, i -= 0.1 * i / 5;
      if (v >= 1) v = 0, neuron.spike_ms.push_back(t);
      neuron.value.push_back(v);
    }
    out.neurons.push_back(neuron);
  }
  return out;
}

inline ConfusionMatrix matrix(std::size_t classes = 10, bool undecided = false) {
  const char* fashion[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  ConfusionMatrix out{.title = "Confusion matrix", .subtitle = "fashion_mnist test", .classes = {}, .counts = {}, .undecided = {}};
  std::mt19937 random(3);
  for (std::size_t r = 0; r < classes; ++r) {
    out.classes.push_back(classes == 10 ? std::string(fashion[r]) : classes == 3 ? std::string(std::vector<const char*>{"yin", "yang", "dot"}[r]) : std::to_string(r));
    out.counts.emplace_back(classes, 0);
    for (int k = 0; k < 1000; ++k) {
      const bool right = random() % 100 < 88;
      ++out.counts[r][right ? r : random() % 3 == 0 ? (r + 2) % classes : random() % classes];
    }
    if (undecided) out.undecided.push_back(random() % 20);
  }
  return out;
}

inline WeightHistograms weights(std::size_t projections = 2) {
  WeightHistograms out{.title = "Weights", .subtitle = "yinyang, epoch 40", .projections = {}};
  std::mt19937 random(4);
  const char* names[] = {"input → hidden", "hidden → output", "hidden → hidden", "a projection whose name is much too long for the panel it heads", "fifth"};
  for (std::size_t k = 0; k < projections; ++k) {
    std::normal_distribution<double> before(k == 0 ? 1.5 : 0.2, k == 0 ? 0.78 : 0.37), after(k == 0 ? 1.3 : 0.0, k == 0 ? 1.1 : 0.6);
    WeightHistograms::Projection p{names[k], {}, {}};
    for (int w = 0; w < 1000 - 350 * static_cast<int>(k % 2); ++w) p.weights.push_back(after(random)), p.initial.push_back(before(random));
    out.projections.push_back(p);
  }
  return out;
}

inline DecisionScatter decisions() {
  DecisionScatter out{.title = "Decisions", .subtitle = "yinyang test, epoch 40", .classes = {"yin", "yang", "dot"}, .samples = {}};
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  while (out.samples.size() < 1000) {
    const double x = uniform(random), y = uniform(random);
    if (std::hypot(x - 0.5, y - 0.5) > 0.5) continue;
    const double right = std::hypot(x - 0.75, y - 0.5), left = std::hypot(x - 0.25, y - 0.5);
    const int label = right < 0.1 || left < 0.1 ? 2 : left <= 0.25 || (y > 0.5 && right > 0.25);
    out.samples.push_back({x, y, label, random() % 40 == 0 ? static_cast<int>(random() % 4) - 1 : label});
  }
  return out;
}

}  // namespace antidrome::plot::test
