// The train command as a user runs it, on a simulator by hand: what it writes, that threads do not matter, and that a run which was
// killed or interrupted goes on bit by bit.
#include "runtime/train/checkpoint.hpp"
#include "tests/runtime/fake.hpp"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <spawn.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

struct Place {
  Scratch scratch;
  explicit Place(const std::string& more = "[output]\nplots = false\ncheckpoint_seconds = 0\n", const std::string& kind = "float") {
    test::make_build(scratch / "build", kind);
    test::write(scratch / "run.toml", test::fake_config(more));
  }
  Outcome train(const std::string& arguments) { return test::antidrome(scratch.path(), "train --config run.toml " + arguments); }
  std::string last(const std::string& run) { return test::read(scratch / (run + "/checkpoints/last.h5")); }
};

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST(Train, ends_with_the_test_accuracy_and_leaves_a_run_folder) {
  Place place;
  const Outcome out = place.train("--out run");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  const std::size_t at = out.output.rfind("test accuracy: ");
  ASSERT_NE(at, std::string::npos) << out.output;
  EXPECT_GT(std::stod(out.output.substr(at + 15)), 45);  // a line through Yin-Yang reaches about 64 %, chance is 33 %
  for (const char* file : {"config.toml", "environment.json", "metrics.jsonl", "metrics.csv", "log.txt", "predictions_test.csv", "recording.h5", "checkpoints/last.h5", "checkpoints/best.h5"})
    EXPECT_TRUE(test::fs::exists(place.scratch / ("run/" + std::string(file)))) << file;
  EXPECT_EQ(lines(test::read(place.scratch / "run/metrics.csv")), 5u);
  EXPECT_EQ(lines(test::read(place.scratch / "run/predictions_test.csv")), 101u);
}

TEST(Train, the_loss_falls) {
  Place place;
  ASSERT_EQ(place.train("--out run --set train.epochs=8").exit_code, 0);
  std::ifstream in(place.scratch / "run/metrics.jsonl");
  std::vector<double> losses;
  for (std::string line; std::getline(in, line);)
    if (const auto event = nlohmann::json::parse(line); event["type"] == "epoch") losses.push_back(event["loss"]);
  ASSERT_EQ(losses.size(), 8u);
  for (std::size_t k = 1; k < losses.size(); ++k) EXPECT_LT(losses[k], losses[k - 1]);
}

TEST(Train, the_number_of_threads_does_not_matter) {
  Place place;
  ASSERT_EQ(place.train("--out one --threads 1").exit_code, 0);
  ASSERT_EQ(place.train("--out three --threads 3").exit_code, 0);
  EXPECT_EQ(place.last("one"), place.last("three"));
}

TEST(Train, another_seed_is_another_run) {
  Place place;
  ASSERT_EQ(place.train("--out one").exit_code, 0);
  ASSERT_EQ(place.train("--out two --set train.seed=2").exit_code, 0);
  EXPECT_NE(read_checkpoint(place.scratch / "one/checkpoints/last.h5").block("parameters/input_output.w").values,
            read_checkpoint(place.scratch / "two/checkpoints/last.h5").block("parameters/input_output.w").values);
}

// The command as a child process, so that it can be killed.
pid_t start(const Place& place, const std::string& out, int epochs = 200) {
  const std::string config = (place.scratch / "run.toml").string(), folder = (place.scratch / out).string(), program = test::command_path();
  std::vector<std::string> words = {program, "train", "--config", config, "--out", folder, "--quiet", "--set", "train.epochs=" + std::to_string(epochs)};
  if (test::fs::exists(folder + "/config.toml")) words.push_back("--resume");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  EXPECT_EQ(posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Without reaping it, so that its number stays its own.
bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

/// Kills runs at random moments: of the start-up, or of the time that a line of metrics takes, after a random number of lines. Both times
/// are measured as runs go by, so that the moments are spread alike however busy the machine is.
class Killer {
 public:
  /// The exit code of the run: 128 + SIGKILL, or its own if it ended before.
  int end(pid_t child, const test::fs::path& metrics) {
    const std::size_t before = lines(test::read(metrics)), more = attempt_++ % 3 == 0 ? 0 : 1 + random_() % 20;
    const auto start = Clock::now();
    auto last = start;
    for (std::size_t seen = before; seen < before + more && !has_ended(child);) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const std::size_t now = lines(test::read(metrics));
      if (now <= seen) continue;
      const auto moment = Clock::now();
      if (seen == before) start_up_ = moment - start;
      else line_ = (moment - last) / static_cast<int>(now - seen);
      seen = now, last = moment;
    }
    std::this_thread::sleep_for((more == 0 ? start_up_ : line_) * std::uniform_real_distribution<>(0, 1)(random_));
    kill(child, SIGKILL);
    return wait_for(child);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::mt19937 random_{1};
  std::size_t attempt_ = 0;
  Clock::duration start_up_ = std::chrono::milliseconds(10), line_ = std::chrono::milliseconds(1);
};

/// Starts the run and kills it until it once comes to its end. The number of kills, -1 if anything else happened.
int end_by_kills(const Place& place, int epochs) {
  Killer killer;
  for (int kills = 0; kills < 300; ++kills) {
    const int ended = killer.end(start(place, "broken", epochs), place.scratch / "broken/metrics.csv");
    if (ended == 0) return kills;
    if (ended != 128 + SIGKILL) break;
    if (!test::fs::exists(place.scratch / "broken/checkpoints/last.h5")) test::fs::remove_all(place.scratch / "broken");  // nothing to resume yet
  }
  return -1;
}

TEST(Train, killed_at_any_time_and_resumed_it_ends_as_if_nothing_had_happened) {
  for (const char* every : {"0", "7"}) {
    Place place("[output]\nplots = false\ncheckpoint_seconds = 0\ncheckpoint_batches = " + std::string(every) + "\n");
    ASSERT_EQ(wait_for(start(place, "whole")), 0);
    EXPECT_GE(end_by_kills(place, 200), 3);
    EXPECT_EQ(place.last("whole"), place.last("broken"));
    EXPECT_EQ(test::read(place.scratch / "whole/checkpoints/best.h5"), test::read(place.scratch / "broken/checkpoints/best.h5"));
    EXPECT_EQ(test::read(place.scratch / "whole/predictions_test.csv"), test::read(place.scratch / "broken/predictions_test.csv"));
    EXPECT_EQ(lines(test::read(place.scratch / "broken/metrics.csv")), 201u);  // no epoch lost, none twice
  }
}

// Every part of a run that remembers something: augmentations with extra blends, sums over batches in the middle of which a checkpoint
// falls, silent neurons (dropout leaves few events), the schedule by running averages, restarts of Adam, patience.
const std::string eventful = R"(
update_every = 3
optimiser = "adamw"
schedule = "ema"
ema_epochs = 2
ema_fast = 0
ema_slow = 0.1
ema_factor = 0.9
restart_adam = true
patience = 150
lift_silent = {output = 0.001}
[[augment]]
blend = [0.5, 0.5]
share = 0.3
extra = 0.25
[[augment]]
random_shift = 1.5
[[augment]]
jitter_time = 2
[[augment]]
drop_events = 0.2
[[augment]]
noise_rate = 5
[output]
plots = false
checkpoint_seconds = 0
checkpoint_batches = 7
)";

TEST(Train, killed_and_resumed_with_augmentation_schedule_and_lift_it_ends_with_the_same_bits) {
  Place place(eventful);
  ASSERT_EQ(wait_for(start(place, "whole", 120)), 0);
  EXPECT_GE(end_by_kills(place, 120), 3);
  EXPECT_EQ(place.last("whole"), place.last("broken"));
  EXPECT_EQ(test::read(place.scratch / "whole/checkpoints/best.h5"), test::read(place.scratch / "broken/checkpoints/best.h5"));
  const Checkpoint end = read_checkpoint(place.scratch / "whole/checkpoints/last.h5");
  EXPECT_LT(end.number_list("progress/ema")[2], 1);              // the rate was cut
  EXPECT_LT(end.integer("optimiser/steps"), end.integer("progress/updates"));  // and Adam began again
}

TEST(Train, augmentation_does_not_depend_on_threads) {
  Place place(eventful);
  ASSERT_EQ(place.train("--out one --threads 1").exit_code, 0);
  ASSERT_EQ(place.train("--out three --threads 3").exit_code, 0);
  EXPECT_EQ(place.last("one"), place.last("three"));
}

// 640 samples are 20 batches: two of 10 are one of 20 when nothing is rounded differently, up to that rounding.
TEST(Train, steps_of_several_batches_are_steps_of_larger_batches) {
  Place place("[output]\nplots = false\n", "double");
  const std::string same = " --set train.epochs=1 --set model.precision=double --set train.shuffle=false";
  ASSERT_EQ(place.train("--out large --set train.batch=32" + same).exit_code, 0);
  ASSERT_EQ(place.train("--out small --set train.batch=16 --set train.update_every=2" + same).exit_code, 0);
  const Checkpoint large = read_checkpoint(place.scratch / "large/checkpoints/last.h5"), small = read_checkpoint(place.scratch / "small/checkpoints/last.h5");
  EXPECT_EQ(large.integer("progress/updates"), 20u);
  EXPECT_EQ(small.integer("progress/updates"), 20u);
  const std::vector<double>&a = large.block("parameters/input_output.w").values, &b = small.block("parameters/input_output.w").values;
  for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-10);  // 20 steps of Adam carry sums rounded at 1e-16
}

TEST(Train, patience_ends_a_run_that_gets_no_better_and_the_best_can_be_reported) {
  Place place;
  const Outcome out = place.train("--out run --set train.epochs=50 --set train.learning_rate=0 --set train.patience=3 --set output.report=best");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_NE(out.output.find("note: stopped after epoch 4: nothing better in 3 epochs than in epoch 1"), std::string::npos) << out.output;
  EXPECT_EQ(lines(test::read(place.scratch / "run/metrics.csv")), 5u);
  const Checkpoint best = read_checkpoint(place.scratch / "run/checkpoints/best.h5");
  EXPECT_EQ(best.integer("progress/epoch"), 1u);
  const Outcome again = place.train("--out run --resume --set train.epochs=50 --set train.learning_rate=0 --set train.patience=3 --set output.report=best");
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_EQ(lines(test::read(place.scratch / "run/metrics.csv")), 5u);
}

TEST(Train, the_best_checkpoint_follows_what_is_monitored) {
  Place place;
  ASSERT_EQ(place.train("--out loss --set train.monitor=training_loss").exit_code, 0);
  EXPECT_EQ(read_checkpoint(place.scratch / "loss/checkpoints/best.h5").integer("progress/epoch"), 4u);  // the loss falls in every epoch
  ASSERT_EQ(place.train("--out none --set train.monitor=none").exit_code, 0);
  EXPECT_FALSE(test::fs::exists(place.scratch / "none/checkpoints/best.h5"));
}

TEST(Train, checkpoints_of_chosen_epochs_are_kept) {
  Place place;
  ASSERT_EQ(place.train("--out run --set 'output.keep_epochs=[1,3]'").exit_code, 0);
  EXPECT_EQ(read_checkpoint(place.scratch / "run/checkpoints/epoch_3.h5").integer("progress/epoch"), 3u);
  EXPECT_TRUE(test::fs::exists(place.scratch / "run/checkpoints/epoch_1.h5"));
  EXPECT_FALSE(test::fs::exists(place.scratch / "run/checkpoints/epoch_2.h5"));
  EXPECT_EQ(test::antidrome(place.scratch.path(), "eval run --checkpoint run/checkpoints/epoch_1.h5").exit_code, 0);
}

TEST(Train, lost_events_and_the_wait_for_data_are_in_the_metrics) {
  Place place(eventful);
  ASSERT_EQ(place.train("--out run --set train.epochs=1").exit_code, 0);
  std::ifstream in(place.scratch / "run/metrics.jsonl");
  for (std::string line; std::getline(in, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event["type"] != "epoch") continue;
    EXPECT_GT(event["events"], 0);
    EXPECT_GT(event["events_cut"], 0);
    EXPECT_GT(event["events_dropped"], 0);
    EXPECT_GE(event["data_wait_share"], 0);
    // The fake fires once for every event, in neuron (unit mod 3).
    EXPECT_NEAR(3 * event["populations"]["output"]["mean"].get<double>() * 800, event["events"].get<double>(), 1e-6);
    EXPECT_LE(event["populations"]["output"]["least"], event["populations"]["output"]["mean"]);
  }
}

TEST(Train, interrupted_it_saves_a_checkpoint_exits_130_and_resumes_bit_by_bit) {
  Place place("[output]\nplots = false\n");
  constexpr int epochs = 1500;  // enough to be still at it when three epochs have been seen
  ASSERT_EQ(wait_for(start(place, "whole", epochs)), 0);
  const pid_t child = start(place, "broken", epochs);
  while (!has_ended(child) && lines(test::read(place.scratch / "broken/metrics.csv")) < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  kill(child, SIGINT);
  ASSERT_EQ(wait_for(child), 130);
  ASSERT_TRUE(test::fs::exists(place.scratch / "broken/checkpoints/last.h5"));
  ASSERT_EQ(wait_for(start(place, "broken", epochs)), 0);
  EXPECT_EQ(place.last("whole"), place.last("broken"));
}

// The limit of a file's size acts like a disk that is full in the middle of a file. 8 KiB hold the metrics, not a checkpoint.
TEST(Train, a_full_disk_leaves_the_last_checkpoint_as_it_was_and_the_run_goes_on_from_it) {
  Place place;
  ASSERT_EQ(place.train("--out whole").exit_code, 0);
  ASSERT_EQ(place.train("--out run --set train.epochs=2").exit_code, 0);
  const std::string before = place.last("run");
  ASSERT_GT(before.size(), 8192u);
  const Outcome out = test::shell("cd '" + place.scratch.path().string() + "' && trap '' XFSZ && ulimit -f 16 && exec '" + test::command_path() + "' train --config run.toml --out run --resume");
  EXPECT_EQ(out.exit_code, 74) << out.output;
  EXPECT_NE(out.output.find("error: cannot write the checkpoint"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("[AD606]"), std::string::npos) << out.output;
  EXPECT_EQ(place.last("run"), before);
  EXPECT_FALSE(test::fs::exists(place.scratch / "run/checkpoints/last.h5.tmp"));
  ASSERT_EQ(place.train("--out run --resume").exit_code, 0);
  EXPECT_EQ(place.last("whole"), place.last("run"));
}

TEST(Train, metrics_that_cannot_be_written_end_the_run) {
  Place place("[output]\nplots = false\ncheckpoint_seconds = 1000\n");
  ASSERT_EQ(place.train("--out run --set train.epochs=1").exit_code, 0);
  const Outcome out = test::shell("cd '" + place.scratch.path().string() + "' && trap '' XFSZ && ulimit -f 4 && exec '" + test::command_path() + "' train --config run.toml --out run --resume");
  EXPECT_EQ(out.exit_code, 74) << out.output;
  EXPECT_NE(out.output.find("error: cannot write metrics.jsonl"), std::string::npos) << out.output;
}

TEST(Train, a_loss_that_is_not_finite_is_a_warning_and_with_strict_an_error) {
  Place place;
  const Outcome lenient = place.train("--out run --set 'params.\"output.bias\"={number=1e308,clamp=[0,1e308]}' --set model.precision=double");
  EXPECT_EQ(lenient.exit_code, 0) << lenient.output;
  EXPECT_NE(lenient.output.find("warning: epoch 1, batch 1: state 'v' of neuron 1 of population 'output' is not finite at step 7 (3.5 ms), sample "), std::string::npos) << lenient.output;
  EXPECT_NE(lenient.output.find("[AD450]"), std::string::npos);
  const Outcome strict = place.train("--out run2 --strict --set 'params.\"output.bias\"={number=1e308,clamp=[0,1e308]}'");
  EXPECT_EQ(strict.exit_code, 3) << strict.output;
  EXPECT_NE(strict.output.find("error: epoch 1, batch 1: state 'v'"), std::string::npos) << strict.output;
}

TEST(Train, a_gradient_that_stays_zero_is_told) {
  Place place;
  const Outcome out = place.train("--out run --set params.scale=0");
  EXPECT_EQ(out.exit_code, 0) << out.output;
  EXPECT_NE(out.output.find("epoch 1: every gradient of 'input_output.w' was zero, so it did not learn [AD452]"), std::string::npos) << out.output;
}

TEST(Train, a_population_that_never_fires_is_told) {
  Place place;
  const Outcome out = place.train("--out run --set data.input_dropout=1 --strict");
  EXPECT_EQ(out.exit_code, 3) << out.output;
  EXPECT_NE(out.output.find("epoch 1: no neuron of population 'output' fired a single spike [AD451]"), std::string::npos) << out.output;
}

TEST(Train, numbers_are_written_with_points_whatever_the_locale) {
  Place place;
  ASSERT_EQ(test::antidrome(place.scratch.path(), "train --config run.toml --out run", "LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8").exit_code, 0);
  std::ifstream in(place.scratch / "run/metrics.csv");
  std::string header, row;
  std::getline(in, header);
  std::getline(in, row);
  EXPECT_EQ(std::count(row.begin(), row.end(), ','), std::count(header.begin(), header.end(), ','));
}

TEST(Eval, gives_the_accuracy_that_training_ended_with) {
  Place place;
  const Outcome train = place.train("--out run --quiet");
  const Outcome eval = test::antidrome(place.scratch.path(), "eval run");
  ASSERT_EQ(eval.exit_code, 0) << eval.output;
  const std::string figure = train.output.substr(train.output.find("test accuracy:"));
  EXPECT_NE(eval.output.find(figure), std::string::npos) << eval.output;
  EXPECT_EQ(test::antidrome(place.scratch.path(), "eval run --split validation --checkpoint best --json").exit_code, 0);
}

}  // namespace
}  // namespace antidrome
