// antidrome data encode: sounds become a file of spikes.
#include "runtime/audio/recordings.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/run_folder.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

namespace antidrome::cli {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Options {
  std::vector<std::string> files, keys;
  std::string list, pattern, out, source = "encoded from sound by the inner-ear model of Antidrome";
  audio::EncodeOptions encode{.ear = {}, .threads = std::max(1u, std::thread::hardware_concurrency())};
  bool quiet = false;
};

audio::RecordingSet recordings(const Options& o) {
  if (o.files.empty() == o.list.empty()) fail(exit_user, "AD405", {}, "sounds are named by FILES or by --list, by one of them", "antidrome data encode --list list.csv -o out.h5");
  if (!o.list.empty()) return audio::listed_recordings(o.list, o.keys);
  if (o.pattern.empty()) fail(exit_user, "AD405", {}, "nothing says what the files are", "give --pattern with %D where a name has the label, or a --list");
  return audio::named_recordings(o.files, o.pattern, o.keys);
}

// One line that is drawn again on a terminal, one every ten seconds in a log.
class Progress {
 public:
  explicit Progress(bool quiet) : quiet_(quiet) {}
  void show(double done_s, double all_s) {
    if (quiet_ || seconds_since(shown_) < (terminal_ ? 0.2 : 10)) return;
    shown_ = Clock::now();
    const double eta = seconds_since(start_) * (all_s - done_s) / done_s;
    fmt::print(stderr, "{}{:.1f} of {:.1f} s of sound  {:.0f} %  eta {}{}", terminal_ ? "\r\033[K" : "", done_s, all_s, 100 * done_s / all_s, clock_text(eta), terminal_ ? "" : "\n");
    drawn_ = terminal_;
  }
  void end() const {
    if (drawn_) fmt::print(stderr, "\r\033[K");
  }

 private:
  bool quiet_, terminal_ = isatty(STDERR_FILENO) != 0, drawn_ = false;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
};

void encode(const Options& o) {
  audio::RecordingSet set = recordings(o);
  set.header.source = o.source;
  const std::size_t classes = set.header.keys.size(), speakers = set.header.speakers.size();
  const Clock::time_point start = Clock::now();
  Progress progress(o.quiet);
  const audio::Encoded done = audio::encode(set.recordings, std::move(set.header), o.out, o.encode, [&](double done_s, double all_s) { progress.show(done_s, all_s); });
  progress.end();
  const double took = seconds_since(start), samples = static_cast<double>(done.samples), spikes = static_cast<double>(done.spikes);
  fmt::print("{}: {} samples, {} classes, {} speakers; {}\n", o.out, done.samples, classes, speakers, o.source);
  fmt::print("  {} spikes, {:.0f} per sample, {:.0f} per second of sound; encoded in {:.1f} s, {:.1f} samples/s\n", done.spikes, spikes / samples, spikes / done.sound_s, took, samples / took);
}

}  // namespace

void add_data_encode(CLI::App& data) {
  CLI::App* command = data.add_subcommand("encode", "sounds to spikes: the inner ear, in the layout of the Spiking Heidelberg Digits");
  auto o = std::make_shared<Options>();
  command->add_option("FILES", o->files, "sound files (WAV, FLAC, …)");
  command->add_option("--list", o->list, "CSV file with the columns path,label and, if known, speaker,take,gender")->type_name("CSV");
  command->add_option("--pattern", o->pattern, "how file names tell label (%D), language (%L), speaker (%S), take (%T): lang-%L_speaker-%S_trial-%T_digit-%D");
  command->add_option("--keys", o->keys, "names of the classes in their order")->delimiter(',')->allow_extra_args(false);
  command->add_option("-o,--out", o->out, "the file to write")->required()->type_name("OUT.h5");
  command->add_option("--channels", o->encode.ear.channels, "places along the membrane")->check(CLI::Range(2, 65535))->capture_default_str();
  command->add_option("--ramp", o->encode.ear.ramp_ms, "rise and fall of the window in ms; 0: half of the sound each")->check(CLI::Range(0.0, 10000.0))->capture_default_str();
  command->add_flag("--causal", o->encode.ear.causal, "let waves travel along the membrane in the physical direction; published sets do not");
  command->add_option("--seed", o->encode.seed, "of the fibres")->capture_default_str();
  command->add_option("--threads", o->encode.threads, "how many; the result is the same")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--source", o->source, "where the sounds come from: kept in the file")->capture_default_str();
  command->add_flag("-q,--quiet", o->quiet, "no progress");
  command->callback([o] { encode(*o); });
}

}  // namespace antidrome::cli
