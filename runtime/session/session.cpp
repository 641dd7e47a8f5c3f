#include "runtime/session/session.hpp"

#include "runtime/ranks/exchange.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/result_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <sched.h>
#include <unistd.h>

namespace antidrome {
namespace {

std::uint64_t machine_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : std::numeric_limits<std::uint64_t>::max();
}

std::uint32_t doubled(std::uint32_t value) { return value > std::numeric_limits<std::uint32_t>::max() / 2 ? std::numeric_limits<std::uint32_t>::max() : 2 * value; }

}  // namespace

std::uint32_t default_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
}

Session::Session(const Manifest& manifest, SessionOptions options)
    : manifest_(manifest), options_(options), ranks_(options.ranks != nullptr ? options.ranks : &alone_), simulator_(manifest_), parameters_(manifest_, simulator_, false), gradients_(manifest_, simulator_, true) {
  if (ranks_->size() > 1 && !simulator_.shares())
    fail(exit_user, "AD463", {manifest_.directory.string()}, fmt::format("the backend '{}' computes a batch in one process, but {} share it", manifest_.backend, ranks_->size()),
         "[model] backend = \"openmp\", or run it without mpirun");
  if (options_.memory_limit == 0) options_.memory_limit = machine_bytes() / 4 * 3;
  // Eight spikes a neuron to begin with: an active network has fewer in most trials, and one rerun costs one batch.
  if (options_.spike_capacity == 0) options_.spike_capacity = std::max<std::uint32_t>(256, 8 * manifest_.neurons());
}

antidrome_settings Session::settings(std::uint32_t batch, const Pass& pass) const {
  antidrome_settings s{};
  s.dt_ms = options_.dt_ms;
  s.steps = options_.steps;
  s.batch = batch;
  s.threads = options_.threads;
  s.chunks = options_.chunks;
  s.spike_capacity = options_.spike_capacity;
  s.event_capacity = event_capacity_;
  s.seed = options_.seed;
  s.epoch = pass.epoch;
  s.training = pass.training ? 1 : 0;
  s.backward = pass.backward ? 1 : 0;
  if (pass.whole > 0 && ranks_->size() > 1) s.share = share_of(pass.whole, options_.chunks, *ranks_);
  return s;
}

void Session::take_parameters_of_first() {
  const Arrays& all = parameters();
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Layout& layout = all.layout(k);
    std::vector<std::size_t> begin(ranks_->size() + 1, std::size_t{layout.rows} * layout.stride * all.real_bytes());
    begin[0] = 0;
    ranks_->gather(static_cast<std::byte*>(all.data(k)), begin);
  }
}

std::pair<std::size_t, std::size_t> Session::part_of(std::size_t samples) const {
  const antidrome_share share = share_of(static_cast<std::uint32_t>(samples), options_.chunks, *ranks_);
  return {share.first_sample, share.first_sample + samples_of(share, options_.chunks)};
}

antidrome_state Session::state() const {
  antidrome_state s{parameters_.pointers(), {nullptr, nullptr}};
  for (std::size_t k = 0; k < moments_.size(); ++k) s.moments[k] = moments_[k]->pointers();
  return s;
}

void Session::to_host() const {
  if (newer_ != Newer::simulator) return;
  simulator_.fetch(state());
  newer_ = Newer::neither;
}

void Session::to_simulator() const {
  if (newer_ != Newer::host) return;
  simulator_.put(state());
  newer_ = Newer::neither;
}

void Session::prepare(std::span<const antidrome_sample> samples) {
  resize(result_, samples.size(), manifest_.scores(), manifest_.neurons());
  for (std::size_t k = 0; k < samples.size(); ++k) result_.index[k] = samples[k].index, result_.label[k] = samples[k].label;
}

void Session::reserve_workspace(const antidrome_settings& s) {
  const std::uint64_t bytes = simulator_.workspace_bytes(s);
  if (bytes <= workspace_.size()) return;
  if (bytes > options_.memory_limit)
    fail(exit_user, "AD453", {manifest_.directory.string()},
         fmt::format("a batch of {} samples needs {:.1f} GiB of workspace (room for {} spikes a sample), the limit is {:.1f} GiB", s.batch,
                     static_cast<double>(bytes) / 0x1p30, s.spike_capacity, static_cast<double>(options_.memory_limit) / 0x1p30),
         "lower [train] batch, or the weights that make the network fire this much");
  workspace_ = AlignedBytes();  // the old one goes first: the two need not fit side by side
  workspace_ = AlignedBytes(bytes);
}

void Session::enlarge() {
  const std::uint32_t before = options_.spike_capacity;
  if (before == std::numeric_limits<std::uint32_t>::max())
    fail(exit_internal, "AD453", {manifest_.directory.string()}, "the simulator reports an overflow of the largest possible tape", "please report it with the model");
  // The status tells how many spikes a sample had up to where it stopped: a lower bound that saves some rounds.
  std::uint32_t seen = 0;
  for (const antidrome_status& status : result_.status) seen = std::max(seen, status.spikes);
  options_.spike_capacity = std::max(doubled(before), seen);
  event_capacity_ = doubled(std::max(event_capacity_, 1u));
  if (on_overflow_) on_overflow_(before, options_.spike_capacity);
}

/// Exact mode: every input event, spike and step boundary cuts a segment. All ranks have the same room, as one process would.
std::uint32_t Session::most_events(std::span<const antidrome_sample> samples, const Pass& pass) {
  std::uint32_t events = 0;
  for (const antidrome_sample& sample : samples) {
    std::uint32_t own = 0;
    for (std::size_t k = 0; k < manifest_.sources.size(); ++k) own += sample.sources[k].step_begin[options_.steps];
    events = std::max(events, own);
  }
  return manifest_.exact() && pass.whole > 0 ? static_cast<std::uint32_t>(largest(*ranks_, events)) : events;
}

void Session::run_once(std::span<const antidrome_sample> samples, const Pass& pass, const antidrome_settings& s) {
  prepare(samples);
  reserve_workspace(s);
  Exchange exchange(*ranks_, std::max(s.share.samples, 1u), s.chunks);
  antidrome_batch batch{};
  batch.settings = &s;
  batch.samples = samples.data();
  const bool held = simulator_.holds_parameters();
  if (held) to_simulator();
  batch.parameters = held ? nullptr : parameters_.const_pointers();
  batch.gradients = pass.update ? nullptr : gradients_.pointers();
  batch.loss = result_.loss.data();
  batch.scores = result_.scores.empty() ? nullptr : result_.scores.data();
  batch.prediction = result_.prediction.data();
  batch.spike_counts = result_.spike_counts.data();
  batch.status = result_.status.data();
  batch.record = pass.record;
  batch.times_s = times_s_;
  batch.workspace = workspace_.data();
  batch.exchange = s.share.samples > 0 ? exchange.abi() : nullptr;
  batch.number = pass.number;
  batch.next = pass.next;
  batch.update = pass.update;
  result_.code = simulator_.run(batch);
  if (pass.update && pass.update->taken) newer_ = Newer::simulator;
  if (s.share.samples > 0) collect_rows(result_, exchange, s.share, manifest_.scores(), manifest_.neurons());
}

const BatchResult& Session::run(std::span<const antidrome_sample> samples, const Pass& pass) {
  const std::uint32_t events = most_events(samples, pass);
  for (;;) {
    const std::uint64_t segments = 2 * (std::uint64_t{events} + options_.spike_capacity + 1) + options_.steps;
    event_capacity_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(event_capacity_, segments), std::numeric_limits<std::uint32_t>::max()));
    run_once(samples, pass, settings(static_cast<std::uint32_t>(samples.size()), pass));
    const bool overflow = std::any_of(result_.status.begin(), result_.status.end(), [](const antidrome_status& st) { return st.code == ANTIDROME_TAPE_OVERFLOW; });
    if (!overflow) break;
    enlarge();
  }
  if (pass.whole > 0 && !pass.sums.empty()) sum_integers(*ranks_, pass.sums);
  return result_;
}

}  // namespace antidrome
