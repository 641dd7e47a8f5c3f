// What was measured, as a table for readers and as JSON for programs.
#include "runtime/bench/bench.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace antidrome::bench {
namespace {

using nlohmann::ordered_json;

double hidden_spikes(const Timing& t, const Shape& s) {
  double sum = 0;
  for (int layer = 0; layer < s.layers; ++layer) sum += t.counts.spikes[static_cast<std::size_t>(layer)];
  return sum;
}

ordered_json spread(const Spread& s) { return {{"least", s.least()}, {"median", s.median()}, {"largest", s.largest()}}; }

}  // namespace

std::string table(const std::vector<Work>& work, const std::vector<Timing>& timings, const Roofline& roofline) {
  std::string out = fmt::format("rows of one core, GB/s: {:.0f} from {} KiB, {:.0f} from {} KiB, {:.0f} from beyond\n", roofline.l1, roofline.l1_bytes / 1024, roofline.l2, roofline.l2_bytes / 1024, roofline.l3);
  out += fmt::format("{:<24} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>6}\n", "CPU ms of a batch", "forward", "adjoint", "gradient", "together", "median", "largest", "wall", "update", "data", "ns/neuron", "ns/event", "spikes", "bound");
  for (std::size_t q = 0; q < work.size(); ++q) {
    const Timing& t = timings[q];
    const double samples = t.counts.neuron_steps / (double(work[q].session->options().steps) * work[q].session->manifest().neurons());
    out += fmt::format("{:<24} {:>8.3f} {:>8.3f} {:>8.3f} {:>9.3f} {:>8.3f} {:>8.3f} {:>8.3f} {:>8.3f} {:>8.3f} {:>9.4f} {:>9.4f} {:>9.0f} {:>5.0f}%\n", work[q].name, t.forward.least(), t.adjoint.least(), t.gradient.least(), t.training.least(), t.training.median(),
                       t.training.largest(), t.wall.least(), t.update.least(), t.data.least(), 1e6 * t.training.least() / t.counts.neuron_steps, 1e6 * t.training.least() / t.counts.forward_events, hidden_spikes(t, work[q].shape) / samples,
                       100 * t.bound_ms / t.training.least());
  }
  return out + "least of the repetitions; wall: by the clock, all threads; ns a neuron and step, and a synaptic event, each the whole time over one count; spikes of hidden neurons in a sample; bound: what bandwidth alone allows, as a share of what was measured\n";
}

std::string json_text(const std::vector<Work>& work, const std::vector<Timing>& timings, const Roofline& roofline) {
  ordered_json out = {{"roofline", {{"l1_gb_s", roofline.l1}, {"l2_gb_s", roofline.l2}, {"l3_gb_s", roofline.l3}, {"l1_bytes", roofline.l1_bytes}, {"l2_bytes", roofline.l2_bytes}}}, {"shapes", ordered_json::array()}};
  for (std::size_t q = 0; q < work.size(); ++q) {
    const Timing& t = timings[q];
    const Shape& s = work[q].shape;
    out["shapes"].push_back({{"name", work[q].name}, {"batch", work[q].batch}, {"precision", work[q].session->manifest().precision}, {"lanes", work[q].session->simulator().lanes()}, {"inputs", s.inputs}, {"hidden", s.hidden}, {"layers", s.layers}, {"outputs", s.outputs},
                             {"dt_ms", work[q].session->options().dt_ms}, {"steps", work[q].session->options().steps}, {"threads", work[q].session->options().threads}, {"forward_ms", spread(t.forward)}, {"adjoint_ms", spread(t.adjoint)},
                             {"gradient_ms", spread(t.gradient)}, {"training_ms", spread(t.training)}, {"wall_ms", spread(t.wall)}, {"update_ms", spread(t.update)}, {"data_ms", spread(t.data)}, {"neuron_steps", t.counts.neuron_steps}, {"input_events", t.counts.input_events},
                             {"forward_events", t.counts.forward_events}, {"backward_events", t.counts.backward_events}, {"hidden_spikes", hidden_spikes(t, s)}, {"bound_ms", t.bound_ms}, {"tape_bytes", t.tape_bytes}, {"workspace_bytes", t.workspace_bytes}});
  }
  return out.dump(2) + "\n";
}

}  // namespace antidrome::bench
