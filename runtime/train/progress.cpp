// The progress that people watch.
#include "runtime/train/run_folder.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace antidrome {

std::string clock_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::max(0.0, seconds) + 0.5);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) : fmt::format("{:02}:{:02}", s / 60, s % 60);
}

std::string epoch_line(const EpochDone& e, bool labelled) {
  std::string out = fmt::format("epoch {:>{}}/{}  loss {:.4g}", e.epoch, fmt::formatted_size("{}", e.epochs), e.epochs, e.train.mean_loss());
  if (labelled) out += fmt::format("  accuracy {:.1f} %", 100 * e.train.accuracy());
  if (e.validation) out += labelled ? fmt::format("  validation {:.1f} %", 100 * e.validation->accuracy()) : fmt::format("  validation loss {:.4g}", e.validation->mean_loss());
  out += fmt::format("  spikes/neuron {:.2f}  silent {}/{}", e.activity.per_neuron, e.activity.silent, e.activity.neurons);
  if (e.train.clamped > 0) out += fmt::format("  clamped {}", e.train.clamped);
  if (e.train.skipped > 0) out += fmt::format("  skipped {}", e.train.skipped);
  if (e.woken > 0) out += fmt::format("  woken {}", e.woken);
  if (e.train.events.late + e.train.events.cut > 0) out += fmt::format("  events lost {:.1f} %", 100 * static_cast<double>(e.train.events.late + e.train.events.cut) / static_cast<double>(e.train.events.used + e.train.events.late + e.train.events.cut + e.train.events.dropped));
  if (e.train_s > 0 && e.waited_s > 0.02 * e.train_s) out += fmt::format("  data wait {:.0f} %", 100 * e.waited_s / e.train_s);
  return out + fmt::format("  {:.2f} s", e.train_s + e.evaluation_s);
}

ProgressLine::ProgressLine(bool terminal, bool quiet, bool labelled) : terminal_(terminal), quiet_(quiet), labelled_(labelled) {}

double ProgressLine::eta_s(double done, double total) const {
  const double passed = std::chrono::duration<double>(Clock::now() - start_).count();
  return done > begun_at_ ? passed * (total - done) / (done - begun_at_) : 0;
}

void ProgressLine::clear() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void ProgressLine::start(const RunStart& s) {
  begun_at_ = static_cast<double>(s.first_epoch);
  start_ = shown_ = Clock::now();
  if (quiet_) return;
  fmt::print(stderr, "{}  {} training, {} validation, {} test samples  {} trained numbers\nrun folder {}\n", s.model, s.train_samples, s.validation_samples, s.test_samples, s.parameters, s.folder);
  if (s.first_epoch > 0) fmt::print(stderr, "resumed after epoch {}\n", s.first_epoch);
}

void ProgressLine::batch(const BatchDone& b) {
  const Clock::time_point now = Clock::now();
  const double wait_s = terminal_ ? 0.1 : 10;  // a log file needs no animation, but long epochs should say something
  if (quiet_ || std::chrono::duration<double>(now - shown_).count() < wait_s) return;
  shown_ = now;
  const double done = static_cast<double>(b.epoch) + static_cast<double>(b.batch) / static_cast<double>(b.batches);
  constexpr std::size_t width = 16;
  const std::size_t filled = width * b.batch / b.batches;
  std::string text = fmt::format("epoch {}/{}  batch {}/{}  loss {:.4g}", b.epoch + 1, b.epochs, b.batch, b.batches, b.totals->mean_loss());
  if (labelled_) text += fmt::format("  accuracy {:.1f} %", 100 * b.totals->accuracy());
  text += fmt::format("  spikes/neuron {:.2f}", b.activity.per_neuron);
  if (terminal_) text += fmt::format("  [{}{}]", std::string(filled, '#'), std::string(width - filled, '-'));
  text += fmt::format("  eta {}", clock_text(eta_s(done, static_cast<double>(b.epochs))));
  if (terminal_) fmt::print(stderr, "\r\033[K{}", text), drawn_ = true, std::fflush(stderr);
  else fmt::print(stderr, "{}\n", text);
}

void ProgressLine::epoch(const EpochDone& e) {
  clear();
  if (quiet_) return;
  shown_ = Clock::now();
  fmt::print(stderr, "{}  eta {}\n", epoch_line(e, labelled_), clock_text(eta_s(static_cast<double>(e.epoch), static_cast<double>(e.epochs))));
}

void ProgressLine::warning(const Diagnostic& d, std::uint64_t) {
  clear();
  fmt::print(stderr, "warning: {} [{}]\n", d.message, d.code);
  if (!d.remedy.empty()) fmt::print(stderr, "  remedy: {}\n", d.remedy);
}

void ProgressLine::note(const std::string& text) {
  clear();
  if (!quiet_) fmt::print(stderr, "note: {}\n", text);
}

}  // namespace antidrome
