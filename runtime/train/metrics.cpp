// The files that a run leaves for programs: metrics.jsonl, metrics.csv, and the log for people.
#include "runtime/session/failure.hpp"
#include "runtime/train/run_folder.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <limits>

namespace antidrome {
namespace {

using nlohmann::ordered_json;

constexpr const char* csv_header =
    "epoch,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,spikes_per_neuron,silent_neurons,clamped,skipped,gradient_norm,train_s,evaluation_s,data_wait_s,events,events_late,events_dropped,events_cut\n";

double mean_norm(const Totals& t) { return t.updates == 0 ? 0 : t.norm / static_cast<double>(t.updates); }

// JSON has no infinities: what is not finite is null.
ordered_json number(double x) { return std::isfinite(x) ? ordered_json(x) : ordered_json(nullptr); }

// Of each population that fires: spikes of a neuron per trial (mean, s.d., least and most among its neurons), and silent neurons.
ordered_json activity_json(const std::vector<PopulationInfo>& populations, const Totals& totals) {
  ordered_json out = ordered_json::object();
  std::size_t first = 0;
  for (const PopulationInfo& p : populations) {
    double sum = 0, squares = 0, least = std::numeric_limits<double>::infinity(), most = 0;
    std::uint64_t silent = 0;
    for (std::size_t n = first; n < first + p.size; ++n) {
      const double spikes = static_cast<double>(totals.spikes[n]) / static_cast<double>(std::max<std::uint64_t>(totals.samples, 1));
      sum += spikes, squares += spikes * spikes, silent += totals.spikes[n] == 0 ? 1 : 0;
      least = std::min(least, spikes), most = std::max(most, spikes);
    }
    const double mean = sum / p.size;
    if (p.fires) out[p.name] = {{"mean", mean}, {"sd", std::sqrt(std::max(0.0, squares / p.size - mean * mean))}, {"least", least}, {"most", most}, {"silent", silent}};
    first += p.size;
  }
  return out;
}

}  // namespace

MetricsWriter::MetricsWriter(const RunFolder& folder, const Manifest& manifest)
    : labelled_(!manifest.losses.empty() && manifest.losses.front().labelled), parameters_(manifest.parameter_names()), populations_(manifest.populations),
      jsonl_(folder.path() / "metrics.jsonl", std::ios::app), csv_(folder.path() / "metrics.csv", std::ios::app), log_(folder.path() / "log.txt", std::ios::app),
      folder_(folder.path().string()) {
  csv_.seekp(0, std::ios::end);
  if (csv_.tellp() == 0) csv_ << csv_header << std::flush;
}

// A full disk is told at once: metrics with holes would look like metrics.
void MetricsWriter::line(const ordered_json& object) {
  jsonl_ << object.dump() << '\n' << std::flush;
  if (!jsonl_) fail(exit_io, "AD606", {folder_}, "cannot write metrics.jsonl", "is the disk full; the last checkpoint is intact, go on with --resume");
}

void MetricsWriter::log(const std::string& text) { log_ << fmt::format("{:%Y-%m-%d %H:%M:%S}  ", fmt::localtime(std::time(nullptr))) << text << '\n' << std::flush; }

void MetricsWriter::start(const RunStart& s) {
  line({{"type", s.first_epoch == 0 ? "start" : "resume"}, {"epoch", s.first_epoch}, {"epochs", s.epochs}, {"train_samples", s.train_samples},
        {"validation_samples", s.validation_samples}, {"test_samples", s.test_samples}, {"parameters", s.parameters}});
  log(fmt::format("{} at epoch {} of {}: {} training, {} validation, {} test samples, {} trained numbers", s.first_epoch == 0 ? "start" : "resume", s.first_epoch, s.epochs,
                  s.train_samples, s.validation_samples, s.test_samples, s.parameters));
}

void MetricsWriter::epoch(const EpochDone& e) {
  const double norm = mean_norm(e.train);
  ordered_json event = {{"type", "epoch"}, {"epoch", e.epoch}, {"learning_rate", e.learning_rate}, {"loss", number(e.train.mean_loss())}, {"accuracy", e.train.accuracy()}};
  if (e.validation) event["validation_loss"] = number(e.validation->mean_loss()), event["validation_accuracy"] = e.validation->accuracy();
  event.update({{"spikes_per_neuron", e.activity.per_neuron}, {"silent_neurons", e.activity.silent}, {"firing_neurons", e.activity.neurons - e.activity.silent},
                {"clamped", e.train.clamped}, {"ties", e.train.missed}, {"skipped", e.train.skipped}, {"gradient_norm", number(norm)}});
  ordered_json norms = ordered_json::object();
  for (std::size_t k = 0; k < parameters_.size() && k < e.train.squared_norms.size(); ++k)
    if (e.train.squared_norms[k] > 0) norms[parameters_[k]] = number(std::sqrt(e.train.squared_norms[k] / static_cast<double>(std::max<std::uint64_t>(e.train.updates, 1))));
  event["gradient_norms"] = norms;
  event.update({{"train_s", e.train_s}, {"evaluation_s", e.evaluation_s}, {"samples_per_s", e.train_s > 0 ? static_cast<double>(e.train.samples) / e.train_s : 0}, {"data_wait_s", e.waited_s},
                {"data_wait_share", e.train_s > 0 ? e.waited_s / e.train_s : 0}, {"events", e.train.events.used}, {"events_late", e.train.events.late}, {"events_dropped", e.train.events.dropped}, {"events_cut", e.train.events.cut}});
  event["worker_s"] = {{"forward", e.worker_s[0]}, {"adjoint", e.worker_s[1]}, {"gradient", e.worker_s[2]}};
  event["populations"] = activity_json(populations_, e.train);
  if (e.woken > 0) event["woken_neurons"] = e.woken;
  line(event);
  const std::string validation = e.validation ? fmt::format("{},{}", e.validation->mean_loss(), e.validation->accuracy()) : ",";
  csv_ << fmt::format("{},{},{},{},{},{},{},{},{},{},{:.4f},{:.4f},{:.4f},{},{},{},{}\n", e.epoch, e.learning_rate, e.train.mean_loss(), e.train.accuracy(), validation, e.activity.per_neuron, e.activity.silent,
                      e.train.clamped, e.train.skipped, norm, e.train_s, e.evaluation_s, e.waited_s, e.train.events.used, e.train.events.late, e.train.events.dropped, e.train.events.cut)
       << std::flush;
  log(epoch_line(e, labelled_));
}

void MetricsWriter::test(const TestDone& t) {
  ordered_json event = {{"type", "test"}, {"split", t.split}, {"samples", t.totals.samples}, {"loss", number(t.totals.mean_loss())}, {"accuracy", t.totals.accuracy()}};
  if (t.breakdown) event.update(to_json(*t.breakdown));
  line(event);
  log(fmt::format("{}: loss {:.5g}, accuracy {:.2f} % of {} samples", t.split, t.totals.mean_loss(), 100 * t.totals.accuracy(), t.totals.samples));
}

void MetricsWriter::warning(const Diagnostic& d, std::uint64_t epoch) {
  line({{"type", "warning"}, {"epoch", epoch}, {"code", d.code}, {"message", d.message}, {"remedy", d.remedy}});
  log(fmt::format("warning: {} [{}]", d.message, d.code));
}

void MetricsWriter::note(const std::string& text) {
  line({{"type", "note"}, {"message", text}});
  log(text);
}

}  // namespace antidrome
