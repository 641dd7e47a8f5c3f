#include "runtime/train/trainer.hpp"

#include "runtime/data/permutation.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/silence.hpp"

#include <antidrome/philox.h>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <utility>

namespace antidrome {

volatile std::sig_atomic_t interrupted = 0;

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool labelled(const Manifest& manifest) { return !manifest.losses.empty() && manifest.losses.front().labelled; }

// "auto" spelt out, and what cannot be had refused.
std::string resolved_monitor(std::string monitor, const RunConfig& config, const Splits& splits, const Manifest& manifest) {
  if (monitor == "auto") monitor = std::string(splits.validation != nullptr ? "validation" : "training") + (labelled(manifest) ? "_accuracy" : "_loss");
  if (monitor.starts_with("validation") && splits.validation == nullptr)
    fail(exit_user, "AD411", {config.file, 0, 0}, fmt::format("'{}' is to be watched, but there are no validation samples", monitor), "set [data] validation_size, or [train] monitor = \"training_loss\"");
  if (monitor.ends_with("accuracy") && !labelled(manifest))
    fail(exit_user, "AD411", {config.file, 0, 0}, fmt::format("'{}' is to be watched, but the loss of the model has no labels", monitor), "[train] monitor = \"training_loss\"");
  return monitor;
}

}  // namespace

Trainer::Trainer(Session& session, const RunConfig& config, const Splits& splits, Options options)
    : session_(session), config_(config), splits_(splits), options_(std::move(options)),
      optimiser_(make_optimiser(config.train, session.manifest(), session.simulator())), queue_(*splits.train, batch_settings(config, splits)) {
  resolved_monitor(config.train.monitor, config, splits, session.manifest());
  if (config.train.schedule == "ema") resolved_monitor(config.train.ema_monitor, config, splits, session.manifest());
  if (!config.record.what.empty() && session.ranks().rank() == 0) recorder_.emplace(session, config);
  if (config.train.update_every > 1) pending_.emplace(session.manifest(), session.simulator());
  if (simulator_updates()) session_.keep_moments(optimiser_->kept());
  position_.best = -std::numeric_limits<double>::infinity();
  position_.totals.spikes.assign(session.manifest().neurons(), 0);
  position_.totals.squared_norms.assign(session.manifest().parameters.size(), 0);
  session_.on_overflow([this](std::uint32_t before, std::uint32_t after) {
    for (Listener* l : listeners_) l->note(fmt::format("the tape had room for {} spikes a sample, which was too few: {} from now on, the batch ran again", before, after));
  });
}

Trainer::Outcome Trainer::run() {
  if (position_.epoch == 0 && position_.batch == 0) clamp_to_bounds(session_.parameters(), session_.manifest());
  const std::uint64_t lanes = session_.simulator().lanes();
  if (lanes_before_.value_or(lanes) != lanes)
    warn("AD608", fmt::format("the checkpoint was made by a simulator of {} lanes, this one has {}: the run goes on, but not bit by bit as it would have there", *lanes_before_, lanes),
         "go on with a simulator that was compiled for the same processor");
  if (session_.ranks().size() > config_.train.chunks)
    warn("AD465", fmt::format("{} processes share every batch, but its gradient has {} partial sums: {} processes have nothing to do", session_.ranks().size(), config_.train.chunks, session_.ranks().size() - config_.train.chunks),
         "[train] chunks = a multiple of the number of processes (it is a constant of the run: another value rounds sums differently)");
  while (position_.epoch < config_.train.epochs && !out_of_patience()) {
    if (!train_epoch() || (told_to_stop_ = any(session_.ranks(), interrupted != 0))) {
      if (recorder_) recorder_->close();
      save(true);
      return Outcome::interrupted;
    }
    save(position_.epoch == config_.train.epochs || out_of_patience());
  }
  if (position_.epoch < config_.train.epochs)
    for (Listener* l : listeners_)
      l->note(fmt::format("stopped after epoch {}: nothing better in {} epochs than in epoch {}", position_.epoch, config_.train.patience, position_.best_epoch));
  return Outcome::finished;
}

/// The samples of this epoch, first to last.
std::vector<std::size_t> Trainer::order_of_epoch() const {
  std::vector<std::size_t> order(data::epoch_size(*splits_.train, splits_.augment));
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (config_.train.shuffle) order = data::permutation(order.size(), config_.train.seed, position_.epoch, ANTIDROME_DRAW_SHUFFLE);
  return order;
}

/// `indices`: the samples of the whole batch, of which `batch` has this rank's part.
void Trainer::train_batch(const data::EventBatch& batch, std::span<const std::size_t> indices, std::uint64_t batches) {
  if (recorder_) recorder_->training(*splits_.train, batch_settings(config_, splits_), indices, position_.epoch + 1, position_.batch + 1);
  std::array<std::uint64_t, 5> sums{batch.events(), batch.late(), batch.dropped(), batch.cut(), interrupted != 0 ? 1u : 0u};
  const data::EventBatch* following = queue_.following();
  const antidrome_next next = following != nullptr ? following->announced() : antidrome_next{};
  Pass pass{.epoch = position_.epoch, .training = true, .backward = true, .whole = static_cast<std::uint32_t>(indices.size()), .sums = sums, .number = batch.number()};
  if (following != nullptr) pass.next = &next;
  const double factor = factor_of_rates(batches);
  if (simulator_updates()) pass.update = &optimiser_->next_step(factor, indices.size());
  const BatchResult& result = session_.run(batch.samples(), pass);
  account(position_.totals, result, session_.manifest().neurons());
  if (pass.update) note_update(result, *pass.update, factor);
  else update(result, batches);
  EventCounts& events = position_.totals.events;
  events.used += sums[0], events.late += sums[1], events.dropped += sums[2], events.cut += sums[3];
  told_to_stop_ = sums[4] > 0;
  ++position_.batch;
}

bool Trainer::train_epoch() {
  const Clock::time_point start = Clock::now();
  const std::vector<std::size_t> order = order_of_epoch();
  const std::uint64_t size = config_.train.batch, batches = (order.size() + size - 1) / size;
  const std::size_t trained = std::min<std::size_t>(position_.batch * size, order.size());
  queue_.start({order.begin() + static_cast<std::ptrdiff_t>(trained), order.end()}, size, position_.epoch, true, [this](std::size_t samples) { return session_.part_of(samples); });
  warned_.clear();
  while (const data::EventBatch* batch = queue_.next()) {
    const std::size_t first = position_.batch * size;
    train_batch(*batch, std::span(order).subspan(first, std::min<std::size_t>(size, order.size() - first)), batches);
    const BatchDone done{position_.epoch, config_.train.epochs, position_.batch, batches, &position_.totals, activity_of(position_.totals, session_.manifest())};
    for (Listener* l : listeners_) l->batch(done);
    if (told_to_stop_ && position_.batch < batches) return false;
    const std::uint64_t every = config_.output.checkpoint_batches;
    if (every != 0 && position_.batch % every == 0 && position_.batch < batches) save(true);
  }
  finish_epoch(seconds_since(start));
  return true;
}

bool Trainer::simulator_updates() const {
  const std::vector<ParameterInfo>& all = session_.manifest().parameters;
  return session_.simulator().holds_parameters() && !pending_ && std::any_of(all.begin(), all.end(), [](const ParameterInfo& p) { return p.trainable; });
}

double Trainer::norm_of(std::span<const double> squares, std::uint64_t samples) const { return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0)) / static_cast<double>(samples); }

double Trainer::factor_of_rates(std::uint64_t batches) const { return rate_factor(config_.train, {position_.epoch, position_.batch, batches, position_.updates, position_.ema.cut}); }

void Trainer::skip_step(const BatchResult& result) {
  ++position_.totals.skipped;
  tell_nonfinite(result);
}

// One optimiser step, unless a number is not finite: then the batch has no say, and the user is told where it happened.
void Trainer::update(const BatchResult& result, std::uint64_t batches) {
  const double norm = norm_of(squared_norms(session_.gradients(), session_.options().threads), result.samples);
  const bool finite_loss = std::all_of(result.loss.begin(), result.loss.end(), [](double loss) { return std::isfinite(loss); });
  if (result.code != ANTIDROME_OK || !finite_loss || !std::isfinite(norm)) {
    skip_step(result);
    return;
  }
  if (!pending_) {
    take_step(session_.gradients(), result.samples, batches);
    return;
  }
  pending_->add(session_.gradients(), result.samples);
  if (pending_->batches < config_.train.update_every && position_.batch + 1 < batches) return;
  take_step(pending_->sum(), pending_->samples, batches);
  pending_->clear();
}

// The same where the simulator holds the parameters: it has taken the step, or left it out.
void Trainer::note_update(const BatchResult& result, const antidrome_update& update, double factor) {
  if (!update.taken) {
    skip_step(result);
    return;
  }
  optimiser_->took_step();
  count_step(optimiser_->squared_norms(), result.samples, factor);
}

void Trainer::take_step(const Arrays& gradients, std::uint64_t samples, std::uint64_t batches) {
  const std::uint32_t threads = session_.options().threads;
  const std::vector<double> squares = squared_norms(gradients, threads);
  const double count = static_cast<double>(samples), norm = norm_of(squares, samples), factor = factor_of_rates(batches);
  const double clip = config_.train.clip > 0 && norm > config_.train.clip ? config_.train.clip / norm : 1;
  optimiser_->step(session_.parameters(), gradients, {clip / count, factor, threads});
  count_step(squares, samples, factor);
}

void Trainer::count_step(std::span<const double> squares, std::uint64_t samples, double factor) {
  last_rate_ = config_.train.learning_rate * factor;
  ++position_.updates;
  Totals& totals = position_.totals;
  totals.norm += norm_of(squares, samples);
  ++totals.updates;
  for (std::size_t k = 0; k < squares.size(); ++k) totals.squared_norms[k] += squares[k];
}

void Trainer::finish_epoch(double train_s) {
  EpochDone done;
  done.epoch = position_.epoch + 1;
  done.epochs = config_.train.epochs;
  done.learning_rate = last_rate_;
  done.train = position_.totals;
  done.activity = activity_of(done.train, session_.manifest());
  done.train_s = train_s;
  done.waited_s = queue_.waited_s() - std::exchange(waited_before_, queue_.waited_s());
  const Clock::time_point start = Clock::now();
  if (splits_.validation != nullptr) done.validation = evaluate(session_, *splits_.validation, batch_settings(config_, splits_), config_.train.batch);
  done.evaluation_s = seconds_since(start);
  check_same_parameters(session_);
  if (recorder_) {
    if (splits_.validation != nullptr) recorder_->validation(*splits_.validation, batch_settings(config_, splits_), position_.epoch + 1);
    recorder_->close();
  }
  for (std::size_t k = 0; k < 3; ++k) done.worker_s[k] = session_.times_s()[k] - std::exchange(worked_before_[k], session_.times_s()[k]);
  warn_silence(done);
  tell_late(done.train.events);
  change_rate(done);
  ++position_.epoch;
  position_.batch = 0;
  position_.totals = Totals{};
  position_.totals.spikes.assign(session_.manifest().neurons(), 0);
  position_.totals.squared_norms.assign(session_.manifest().parameters.size(), 0);
  note_best(done);
  const std::vector<std::uint64_t>& keep = config_.output.keep_epochs;
  if (!options_.checkpoints.empty() && std::find(keep.begin(), keep.end(), done.epoch) != keep.end())
    write_checkpoint(snapshot(), options_.checkpoints / fmt::format("epoch_{}.h5", done.epoch));
  // After the best was noted: what was judged is what is kept.
  if (!config_.train.lift_silent.empty() || !config_.train.redraw_silent.empty()) done.woken = wake_silent(session_.parameters(), session_.manifest(), config_.train, done.train.spikes, done.epoch);
  for (Listener* l : listeners_) l->epoch(done);
}

// Larger is better: an accuracy, or minus a loss.
double Trainer::watched(const std::string& monitor, const EpochDone& done) const {
  const std::string what = resolved_monitor(monitor, config_, splits_, session_.manifest());
  const Totals& totals = what.starts_with("validation") ? *done.validation : done.train;
  return what.ends_with("accuracy") ? totals.accuracy() : -totals.mean_loss();
}

void Trainer::note_best(const EpochDone& done) {
  if (config_.train.monitor == "none") return;
  const double now = watched(config_.train.monitor, done);
  if (!(now > position_.best)) return;
  position_.best = now;
  position_.best_epoch = position_.epoch;
  if (!options_.checkpoints.empty()) best_ = snapshot();
}

void Trainer::change_rate(const EpochDone& done) {
  const bool lowered = config_.train.schedule == "ema" ? position_.ema.take(config_.train, watched(config_.train.ema_monitor, done), position_.epoch) : lowers_before(config_.train, position_.epoch + 1);
  if (lowered && config_.train.restart_adam) optimiser_->set_steps(0);
}

bool Trainer::out_of_patience() const { return config_.train.patience > 0 && position_.epoch >= position_.best_epoch + config_.train.patience; }

// Epochs may be shorter than a disk needs to sync: between the last and the forced ones, two seconds apart are enough.
void Trainer::save(bool force) {
  if (options_.checkpoints.empty() || (!force && config_.output.checkpoint_seconds > 0 && seconds_since(saved_) < config_.output.checkpoint_seconds)) return;
  // The best goes first: if the process dies between the two, resuming from the last finds the same best again.
  if (best_) write_checkpoint(*best_, options_.checkpoints / "best.h5");
  best_.reset();
  write_checkpoint(snapshot(), options_.checkpoints / "last.h5", options_.checkpoints / "previous.h5");
  saved_ = Clock::now();
}

void Trainer::warn(const std::string& code, const std::string& message, const std::string& remedy) {
  if (std::find(warned_.begin(), warned_.end(), code) != warned_.end()) return;
  warned_.push_back(code);
  if (options_.strict) fail(exit_check_failed, code, {}, message, remedy);
  Diagnostic warning;
  warning.severity = Severity::warning;
  warning.code = code;
  warning.message = message;
  warning.remedy = remedy;
  for (Listener* l : listeners_) l->warning(warning, position_.epoch + 1);
}

void Trainer::tell_nonfinite(const BatchResult& result) {
  std::string where = "the gradient is not finite";
  for (std::size_t k = 0; k < result.samples; ++k) {
    const antidrome_status& status = result.status[k];
    if (status.code != ANTIDROME_NONFINITE_FORWARD && status.code != ANTIDROME_NONFINITE_BACKWARD && std::isfinite(result.loss[k])) continue;
    where = status.code == ANTIDROME_OK ? fmt::format("the loss of sample {} is not finite", result.index[k])
                                        : describe(status, session_.manifest(), config_.trial.dt_ms, result.index[k]);
    break;
  }
  warn("AD450", fmt::format("epoch {}, batch {}: {}; its update was left out", position_.epoch + 1, position_.batch + 1, where),
       "lower the learning rate, set [train] clip, or clamp what may run away in [params]");
}

// Events that a short trial cuts off are data that nobody sees: said once.
void Trainer::tell_late(const EventCounts& events) {
  if (events.late > 0 && !late_told_)
    for (Listener* l : listeners_)
      l->note(fmt::format("{:.2f} % of the input events come after the end of the trial of {} ms and were left out", 100 * static_cast<double>(events.late) / static_cast<double>(events.used + events.late + events.dropped + events.cut), config_.trial.length_ms));
  late_told_ = late_told_ || events.late > 0;
}

void Trainer::warn_silence(const EpochDone& done) {
  const Manifest& m = session_.manifest();
  std::size_t first = 0;
  for (const PopulationInfo& p : m.populations) {
    const auto begin = done.train.spikes.begin() + static_cast<std::ptrdiff_t>(first);
    if (p.fires && std::all_of(begin, begin + p.size, [](std::uint64_t n) { return n == 0; }))
      warn("AD451", fmt::format("epoch {}: no neuron of population '{}' fired a single spike", done.epoch, p.name),
           "raise the initial weights that lead to it, or lower its threshold ([params]); antidrome run shows its traces");
    first += p.size;
  }
  for (std::size_t k = 0; k < m.parameters.size() && done.train.updates > 0; ++k)
    if (m.parameters[k].trainable && done.train.squared_norms[k] == 0 && std::find(config_.train.freeze.begin(), config_.train.freeze.end(), m.parameters[k].name) == config_.train.freeze.end())
      warn("AD452", fmt::format("epoch {}: every gradient of '{}' was zero, so it did not learn", done.epoch, m.parameters[k].name),
           "silent neurons pass no gradient: see the spikes per neuron; or the loss does not depend on this parameter");
}

}  // namespace antidrome
