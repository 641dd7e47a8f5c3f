// A simulator by hand, for tests of the runtime: a linear softmax on the mean event time of each input unit, with exact gradients.
//
// Parameters as its manifest (fake.hpp) lists them: "scale" (shared, not trained), "input_output.w" (units x classes) and
// "output.bias" (1 x classes). The only population, "output", "fires" once per input event in neuron (unit mod classes), so that
// spike counts, recordings and tape overflows have something to show. Rows of w are padded; the padding of gradients stays zero.
// What is wrong with a wrong simulator comes from macros. Of a batch that several processes share each brings the gradients of its samples.
#include <antidrome/abi.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#ifndef FAKE_REAL
#define FAKE_REAL float
#endif
#ifndef FAKE_UNITS
#define FAKE_UNITS 5
#endif
#ifndef FAKE_CLASSES
#define FAKE_CLASSES 3
#endif
#ifndef FAKE_FINGERPRINT
#define FAKE_FINGERPRINT "fake-1"
#endif
#ifndef FAKE_ABI
#define FAKE_ABI ANTIDROME_ABI_VERSION
#endif
#ifndef FAKE_SHARES
#define FAKE_SHARES 1
#endif

namespace {

using Real = FAKE_REAL;
constexpr unsigned units = FAKE_UNITS, classes = FAKE_CLASSES, stride = 16;
const unsigned strides[3] = {16, stride, 16};

std::uint64_t bytes(void*, const antidrome_settings* s, std::uint64_t* tape) {
  const std::uint64_t per_sample = std::uint64_t{4} * s->spike_capacity;
  if (tape != nullptr) *tape = per_sample * s->batch;
  return per_sample * s->batch + 64;
}

// Mean time of each unit's events, as a share of the trial; a unit without events counts as the end.
void features(const antidrome_events& e, unsigned steps, double* x) {
  for (unsigned u = 0; u < units; ++u) {
    double sum = 0;
    const unsigned begin = e.unit_begin[u], end = e.unit_begin[u + 1];
    for (unsigned k = begin; k < end; ++k) sum += e.step[k];
    x[u] = end > begin ? sum / ((end - begin) * static_cast<double>(steps)) : 1;
  }
}

void record(const antidrome_batch& b, const antidrome_events& e, unsigned steps, const double* score) {
  const antidrome_record& r = *b.record;
  unsigned n = 0;
  for (unsigned step = 0; step < steps; ++step) {
    for (unsigned k = e.step_begin[step]; k < e.step_begin[step + 1]; ++k, ++n)
      if (r.spike_unit[0] != nullptr && n < r.spike_capacity) r.spike_unit[0][n] = e.unit[k] % classes, r.spike_time_ms[0][n] = step * b.settings->dt_ms;
    for (unsigned c = 0; c < classes && r.trace[0] != nullptr; ++c) r.trace[0][step * classes + c] = static_cast<float>(score[c]);
  }
  r.spike_count[0] = n;
}

int run(void*, const antidrome_batch* b) {
  const antidrome_settings& s = *b->settings;
  const Real scale = *static_cast<const Real*>(b->parameters[0]);
  const Real *w = static_cast<const Real*>(b->parameters[1]), *bias = static_cast<const Real*>(b->parameters[2]);
  Real* grad_w = s.backward != 0 ? static_cast<Real*>(b->gradients[1]) : nullptr;
  Real* grad_bias = s.backward != 0 ? static_cast<Real*>(b->gradients[2]) : nullptr;
  if (grad_w != nullptr) std::memset(grad_w, 0, sizeof(Real) * units * stride), std::memset(grad_bias, 0, sizeof(Real) * stride);
  int code = ANTIDROME_OK;
  const antidrome_share share = antidrome_share_of(&s);
  constexpr unsigned row = (units + 1) * classes;                 // what a sample adds to the gradients: of w, then of the bias
  std::vector<Real> rows(std::size_t{share.samples} * row);
  for (unsigned k = 0; k < s.batch; ++k) {
    const antidrome_events& e = b->samples[k].sources[0];
    const unsigned events = e.step_begin[s.steps];
    b->status[k].spikes = events;
    if (events > s.spike_capacity) {
      code = static_cast<int>(b->status[k].code = ANTIDROME_TAPE_OVERFLOW);
      continue;
    }
    for (unsigned u = 0; u < units; ++u) b->spike_counts[k * classes + u % classes] += e.unit_begin[u + 1] - e.unit_begin[u];
    double x[units], score[classes], largest = -1e300, sum = 0;
    features(e, s.steps, x);
    for (unsigned c = 0; c < classes; ++c) {
      score[c] = bias[c];
      for (unsigned u = 0; u < units; ++u) score[c] += scale * x[u] * w[u * stride + c];
      largest = std::fmax(largest, score[c]);
    }
    for (unsigned c = 0; c < classes; ++c) sum += std::exp(score[c] - largest);
    const int label = b->samples[k].label;
    b->loss[k] = std::log(sum) + largest - score[label];
    if (!std::isfinite(b->loss[k])) {
      b->status[k] = {ANTIDROME_NONFINITE_FORWARD, 0, 1, 0, 7, events, 0, 0};
      code = ANTIDROME_NONFINITE_FORWARD;
    }
    unsigned best = 0;
    for (unsigned c = 1; c < classes; ++c) best = score[c] > score[best] ? c : best;
    b->prediction[k] = static_cast<int>(best);
    if (b->scores != nullptr) std::memcpy(b->scores + k * classes, score, sizeof score);
    if (b->record != nullptr && b->record->sample == k) record(*b, e, s.steps, score);
    for (unsigned c = 0; c < classes && grad_w != nullptr; ++c) {
      const double d = std::exp(score[c] - largest) / sum - (static_cast<int>(c) == label ? 1 : 0);
      Real* own = rows.data() + std::size_t{share.first_sample + k} * row;
      own[units * classes + c] = static_cast<Real>(d);
      for (unsigned u = 0; u < units; ++u) own[u * classes + c] = static_cast<Real>(scale * d * x[u]);
    }
  }
  if (b->exchange != nullptr) b->exchange->gather(b->exchange->self, ANTIDROME_ROWS_OF_SAMPLES, rows.data(), row * sizeof(Real));
  for (unsigned k = 0; k < share.samples && grad_w != nullptr; ++k)
    for (unsigned c = 0; c < classes; ++c) {
      const Real* own = rows.data() + std::size_t{k} * row;
      grad_bias[c] += own[units * classes + c];
      for (unsigned u = 0; u < units; ++u) grad_w[u * stride + c] += own[u * classes + c];
    }
  return code;
}

const antidrome_simulator simulator = {FAKE_ABI, sizeof(Real), 16, FAKE_FINGERPRINT, "openmp", FAKE_SHARES, 3, strides, nullptr, bytes, run, nullptr, nullptr};

}  // namespace

#ifndef FAKE_NO_SYMBOL
extern "C" const antidrome_simulator* antidrome_open(const char*, char*, uint64_t) { return &simulator; }
#endif
