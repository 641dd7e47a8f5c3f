// A run as a checkpoint, and back.
#include "runtime/data/sha256.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/trainer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <sstream>
#include <utility>

namespace antidrome {
namespace {

Checkpoint::Block pack(const Arrays& arrays, std::size_t k) {
  const Layout& layout = arrays.layout(k);
  return {layout.rows, layout.cols, arrays.real_bytes(), arrays.values(k)};
}

void unpack(const Checkpoint& checkpoint, const std::string& path, Arrays& arrays, std::size_t k) {
  const Checkpoint::Block& block = checkpoint.block(path);
  const Layout& layout = arrays.layout(k);
  if (block.rows != layout.rows || block.cols != layout.cols)
    fail(exit_user, "AD604", {checkpoint.file}, fmt::format("'{}' has shape {} x {} in the checkpoint, {} x {} in the model", path, block.rows, block.cols, layout.rows, layout.cols));
  for (std::uint32_t r = 0; r < layout.rows; ++r)
    for (std::uint32_t c = 0; c < layout.cols; ++c) arrays.set(k, r, c, block.values[std::size_t{r} * layout.cols + c]);
}

template <class T>
const std::vector<T>& list_of(const Checkpoint& from, const std::vector<T>& values, std::size_t count) {
  if (values.size() != count) fail(exit_io, "AD603", {from.file}, "the position in the run is not what it should be");
  return values;
}

void pack_totals(const Totals& t, Checkpoint& into) {
  into.integers["progress/totals"] = {t.samples, t.correct, t.clamped, t.missed, t.skipped, t.updates};
  into.numbers["progress/loss_and_norm"] = {t.loss, t.norm};
  into.integers["progress/events"] = {t.events.used, t.events.late, t.events.dropped, t.events.cut};
  into.integers["progress/spikes"] = t.spikes;
  into.numbers["progress/squared_norms"] = t.squared_norms;
}

Totals unpack_totals(const Checkpoint& from) {
  Totals t;
  const std::vector<std::uint64_t>& counts = from.integer_list("progress/totals");
  const std::vector<double>& sums = from.number_list("progress/loss_and_norm");
  if (counts.size() != 6 || sums.size() != 2) fail(exit_io, "AD603", {from.file}, "the sums of the epoch are not what they should be");
  t.samples = counts[0], t.correct = counts[1], t.clamped = counts[2], t.missed = counts[3], t.skipped = counts[4], t.updates = counts[5];
  t.loss = sums[0], t.norm = sums[1];
  const std::vector<std::uint64_t>& events = list_of(from, from.integer_list("progress/events"), 4);
  t.events = {events[0], events[1], events[2], events[3]};
  t.spikes = from.integer_list("progress/spikes");
  t.squared_norms = from.number_list("progress/squared_norms");
  return t;
}

std::string config_text(const std::map<std::string, std::string>& flat) {
  std::string out;
  for (const auto& [key, value] : flat) out += fmt::format("{} = {}\n", key, value);
  return out;
}

// What may differ between a run and its continuation: how long, how fast, where things lie.
bool may_differ(const std::string& key) {
  return key == "train.epochs" || key == "train.threads" || key == "train.patience" || key == "model.file" || key == "data.path" || key.starts_with("output.") || key.starts_with("record.");
}

using Lines = std::map<std::string, std::string>;

Lines parse_config(const std::string& text) {
  Lines out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (const std::size_t equals = line.find(" = "); equals != std::string::npos) out[line.substr(0, equals)] = line.substr(equals + 3);
  return out;
}

void compare(const Lines& before, const Lines& now, std::vector<std::string>& differences) {
  Lines keys = before;
  keys.insert(now.begin(), now.end());
  const auto value = [](const Lines& lines, const std::string& key) {
    const auto found = lines.find(key);
    return found == lines.end() ? std::string("(not set)") : found->second;
  };
  for (const auto& [key, unused] : keys)
    if (!may_differ(key) && value(before, key) != value(now, key)) differences.push_back(fmt::format("{}: {} in the checkpoint, {} now", key, value(before, key), value(now, key)));
}

[[noreturn]] void refuse(const std::string& file, const std::vector<std::string>& differences) {
  Diagnostics diagnostics;
  Diagnostic& d = diagnostics.error("AD604", {file}, "the checkpoint is of another model or configuration",
                                    "go on with the model and configuration of the run (config.toml in its folder), or begin a new run with another --out");
  constexpr std::size_t shown = 8;
  for (std::size_t k = 0; k < std::min(shown, differences.size()); ++k) d.notes.emplace_back(Location{}, differences[k]);
  if (differences.size() > shown) d.notes.emplace_back(Location{}, fmt::format("and {} more", differences.size() - shown));
  throw Failure(exit_user, std::move(diagnostics));
}

void compare_models(const Checkpoint& checkpoint, const Session& session, std::vector<std::string>& differences) {
  const Manifest& m = session.manifest();
  const auto differ = [&](const char* what, const std::string& before, const std::string& now) {
    if (before != now) differences.push_back(fmt::format("{}: {} in the checkpoint, {} now", what, before, now));
  };
  differ("precision", checkpoint.text("run/precision"), m.precision);
  for (const ParameterInfo& p : m.parameters) {
    const auto block = checkpoint.blocks.find("parameters/" + p.name);
    if (block == checkpoint.blocks.end()) differences.push_back(fmt::format("parameter '{}' is not in the checkpoint", p.name));
    else differ(fmt::format("shape of '{}'", p.name).c_str(), fmt::format("{} x {}", block->second.rows, block->second.cols), fmt::format("{} x {}", p.rows, p.cols));
  }
  for (const auto& [path, block] : checkpoint.blocks)
    if (path.starts_with("parameters/") && m.parameter(path.substr(11)) == nullptr) differences.push_back(fmt::format("parameter '{}' is not in the model", path.substr(11)));
  differ("fingerprint of the model", checkpoint.text("run/fingerprint"), m.fingerprint);
}

}  // namespace

Checkpoint Trainer::snapshot() {
  Checkpoint c;
  const Manifest& m = session_.manifest();
  const Arrays& parameters = std::as_const(session_).parameters();   // from here on the moments are up to date, too
  for (std::size_t k = 0; k < m.parameters.size(); ++k) {
    c.blocks["parameters/" + m.parameters[k].name] = pack(parameters, k);
    for (const auto& [name, moment] : optimiser_->moments())
      if (moment->present(k)) c.blocks[fmt::format("optimiser/{}/{}", name, m.parameters[k].name)] = pack(*moment, k);
  }
  c.integers["optimiser/steps"] = {optimiser_->steps()};
  if (pending_) {
    for (std::size_t k = 0; k < m.parameters.size(); ++k)
      if (pending_->sum().present(k)) c.blocks["optimiser/pending/" + m.parameters[k].name] = pack(pending_->sum(), k);
    c.integers["optimiser/pending_batches_and_samples"] = {pending_->batches, pending_->samples};
  }
  c.integers["progress/epoch"] = {position_.epoch};
  c.integers["progress/batch"] = {position_.batch};
  c.integers["progress/updates"] = {position_.updates};
  c.numbers["progress/ema"] = {position_.ema.fast, position_.ema.slow, position_.ema.cut};
  c.integers["progress/ema_last_cut_and_begun"] = {position_.ema.last_cut, position_.ema.begun ? 1u : 0u};
  c.integers["progress/best_epoch"] = {position_.best_epoch};
  c.numbers["progress/best"] = {position_.best};
  pack_totals(position_.totals, c);
  // Every random number is a function of the seed and of where it is drawn: the seed is the generator's whole state.
  c.integers["run/seed"] = {config_.train.seed};
  c.integers["run/spike_capacity"] = {session_.spike_capacity()};
  c.integers["run/lanes"] = {session_.simulator().lanes()};
  c.texts["run/fingerprint"] = m.fingerprint;
  c.texts["run/precision"] = m.precision;
  Lines own = config_.flat;
  std::erase_if(own, [](const auto& line) { return may_differ(line.first); });
  c.texts["run/config"] = config_text(own);
  return c;
}

void check_same_parameters(const Session& session) {
  if (session.ranks().size() == 1) return;
  data::Sha256 sum;
  const Arrays& p = session.parameters();
  for (std::size_t k = 0; k < p.size(); ++k) {
    const std::vector<double> values = p.values(k);
    sum.add(values.data(), values.size() * sizeof(double));
  }
  const std::vector<std::string> all = gather_texts(session.ranks(), sum.hex());
  for (std::size_t r = 1; r < all.size(); ++r)
    if (all[r] != all[0])
      fail(exit_internal, "AD464", {}, fmt::format("the parameters of rank {} are not those of rank 0", r),
           "all ranks must run on the same kind of processor with the same libraries; where they do, please report it");
}

void restore_parameters(const Checkpoint& checkpoint, Session& session) {
  std::vector<std::string> differences;
  compare_models(checkpoint, session, differences);
  if (!differences.empty()) refuse(checkpoint.file, differences);
  Arrays& parameters = session.parameters();
  for (std::size_t k = 0; k < session.manifest().parameters.size(); ++k) unpack(checkpoint, "parameters/" + session.manifest().parameters[k].name, parameters, k);
}

void Trainer::resume(const Checkpoint& checkpoint) {
  std::vector<std::string> differences;
  compare_models(checkpoint, session_, differences);
  compare(parse_config(checkpoint.text("run/config")), config_.flat, differences);
  if (!differences.empty()) refuse(checkpoint.file, differences);
  restore_parameters(checkpoint, session_);
  const Manifest& m = session_.manifest();
  for (std::size_t k = 0; k < m.parameters.size(); ++k)
    for (const auto& [name, moment] : optimiser_->moments())
      if (moment->present(k)) unpack(checkpoint, fmt::format("optimiser/{}/{}", name, m.parameters[k].name), *moment, k);
  optimiser_->set_steps(checkpoint.integer("optimiser/steps"));
  if (pending_) {
    for (std::size_t k = 0; k < m.parameters.size(); ++k)
      if (pending_->sum().present(k)) unpack(checkpoint, "optimiser/pending/" + m.parameters[k].name, pending_->sum(), k);
    const std::vector<std::uint64_t>& counts = list_of(checkpoint, checkpoint.integer_list("optimiser/pending_batches_and_samples"), 2);
    pending_->batches = counts[0], pending_->samples = counts[1];
  }
  position_.updates = checkpoint.integer("progress/updates");
  const std::vector<double>& ema = list_of(checkpoint, checkpoint.number_list("progress/ema"), 3);
  const std::vector<std::uint64_t>& cut = list_of(checkpoint, checkpoint.integer_list("progress/ema_last_cut_and_begun"), 2);
  position_.ema = {ema[0], ema[1], ema[2], cut[0], cut[1] != 0};
  position_.epoch = checkpoint.integer("progress/epoch");
  position_.batch = checkpoint.integer("progress/batch");
  position_.best_epoch = checkpoint.integer("progress/best_epoch");
  const std::vector<double>& best = checkpoint.number_list("progress/best");
  position_.best = best.empty() ? -std::numeric_limits<double>::infinity() : best.front();
  position_.totals = unpack_totals(checkpoint);
  session_.set_spike_capacity(static_cast<std::uint32_t>(checkpoint.integer("run/spike_capacity")));
  lanes_before_ = checkpoint.integer("run/lanes");
}

}  // namespace antidrome
