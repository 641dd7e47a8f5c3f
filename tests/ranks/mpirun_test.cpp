// Real jobs: what one process does, mpirun with two and four does to the last bit; and how a job ends when something goes wrong on a rank.
#include "tests/runtime/fake.hpp"

#include <chrono>
#include <csignal>
#include <thread>
#include <unistd.h>

namespace antidrome {
namespace {

using test::fs::exists;
using test::fs::path;
using test::Outcome;
using test::Scratch;

bool can_run() { return test::shell("command -v mpirun").exit_code == 0 && exists(path(ANTIDROME_BINARY_DIR) / "lib/libantidrome_mpi.so"); }

#define NEEDS_MPIRUN() \
  if (!can_run()) GTEST_SKIP() << "SKIP: there is no mpirun, or antidrome was built without MPI (apt-get install libopenmpi-dev openmpi-bin)"
#define NEEDS_GENERATOR() \
  if (!exists(path(ANTIDROME_BINARY_DIR) / "bin/antidrome-gen")) GTEST_SKIP() << "SKIP: antidrome-gen was not built"

const std::string mpirun = "mpirun --quiet --oversubscribe --allow-run-as-root --bind-to none ";

struct Place {
  Scratch scratch;
  std::string environment() const { return "cd '" + scratch.path().string() + "' && ANTIDROME_CACHE='" + scratch.path().string() + "/cache' "; }
  /// One process; a job of n.
  Outcome one(const std::string& arguments) const { return test::shell(environment() + test::command_path() + " " + arguments); }
  Outcome job(int n, const std::string& arguments) const { return test::shell(environment() + mpirun + "-n " + std::to_string(n) + " " + test::command_path() + " " + arguments); }
  /// A configuration for the simulator by hand.
  void use_fake(const std::string& more = "", const std::string& kind = "float") const {
    test::make_build(scratch / "build", kind);
    test::write(scratch / "run.toml", test::fake_config("[output]\nplots = false\ncheckpoint_seconds = 0\n" + more));
  }
  std::string file(const std::string& name) const { return test::read(scratch / name); }

  void expect_same(const std::string& run, const std::string& other, const std::vector<std::string>& files) const {
    for (const std::string& name : files) {
      ASSERT_TRUE(exists(scratch / (run + "/" + name))) << run << "/" << name;
      EXPECT_TRUE(file(run + "/" + name) == file(other + "/" + name)) << name << " of " << run << " and " << other;
    }
  }
};

const std::vector<std::string> kept = {"checkpoints/last.h5", "checkpoints/best.h5", "predictions_test.csv", "predictions_validation.csv"};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Mpirun, dropout_noise_batch_means_and_augmentation_end_with_the_bits_of_one_process) {
  NEEDS_MPIRUN();
  NEEDS_GENERATOR();
  const Place place;
  ASSERT_EQ(place.one("build " ANTIDROME_SOURCE_DIR "/tests/models/noisy.cc -o sim").exit_code, 0);
  // 301 samples in batches of 32: the last one has 13. The tape is too short at first, so batches run again.
  const std::string train = "train sim --config " ANTIDROME_SOURCE_DIR "/userprojects/yinyang/run.toml --no-plots --set data.train_size=301 --set data.validation_size=33 --set data.test_size=50 "
                            "--set 'augment=[{jitter_time=0.5},{drop_events=0.1}]' --set data.input_dropout=0.05 --set 'record={what=[\"hidden\",\"hidden.lambda_v\"],batches=[2],samples=[5]}' --set train.epochs=2 --set train.update_every=2 "
                            "--set 'params.\"input_hidden.w\"={normal=[30,4]}' ";
  const Outcome one = place.one(train + "--out one --threads 2");
  ASSERT_EQ(one.exit_code, 0) << one.output;
  EXPECT_NE(one.output.find("the tape had room for"), std::string::npos) << one.output;
  for (const int n : {2, 4}) {
    const std::string run = "run" + std::to_string(n);
    const Outcome out = place.job(n, train + "--threads 2 --out " + run);
    ASSERT_EQ(out.exit_code, 0) << out.output;
    EXPECT_EQ(count(out.output, "test accuracy"), 1u) << out.output;
    EXPECT_EQ(nlohmann::json::parse(place.file(run + "/environment.json"))["ranks"], n);
    place.expect_same("one", run, kept);
    place.expect_same("one", run, {"recordings/training_epoch_1.h5", "recordings/training_epoch_2.h5"});
  }
}

TEST(Mpirun, batches_smaller_than_the_job_and_a_run_that_goes_on_with_another_number_of_processes) {
  NEEDS_MPIRUN();
  NEEDS_GENERATOR();
  const Place place;
  ASSERT_EQ(place.one("build " ANTIDROME_SOURCE_DIR "/tests/models/noisy.cc -o sim").exit_code, 0);
  const std::string train = "train sim --config " ANTIDROME_SOURCE_DIR "/userprojects/yinyang/run.toml --no-plots --quiet --set data.train_size=41 --set data.validation_size=5 --set data.test_size=7 --set train.batch=3 --threads 1 ";
  ASSERT_EQ(place.one(train + "--out one --set train.epochs=3").exit_code, 0);
  ASSERT_EQ(place.job(4, train + "--out part --set train.epochs=1").exit_code, 0);
  ASSERT_EQ(place.job(2, train + "--out part --resume --set train.epochs=2").exit_code, 0);
  ASSERT_EQ(place.one(train + "--out part --resume --set train.epochs=3").exit_code, 0);
  place.expect_same("one", "part", kept);
  const Outcome alone = place.one("eval one"), together = place.job(4, "eval one");
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_EQ(alone.output, together.output);
}

TEST(Mpirun, exact_spike_times_end_with_the_bits_of_one_process) {
  NEEDS_MPIRUN();
  NEEDS_GENERATOR();
  const Place place;
  const std::string train = "train --config " ANTIDROME_SOURCE_DIR "/userprojects/yinyang/first_spike.toml --no-plots --quiet --set hidden=30 --set data.train_size=50 --set data.validation_size=20 --set data.test_size=20 --set train.epochs=2 --threads 1 ";
  ASSERT_EQ(place.one(train + "--out one").exit_code, 0);
  ASSERT_EQ(place.job(3, train + "--out three").exit_code, 0);
  place.expect_same("one", "three", kept);
}

// Emulated devices stand for those that have no way to each other: what they share goes by way of the hosts. The last batch is smaller than the job.
TEST(Mpirun, devices_share_batches_to_the_last_bit) {
  NEEDS_MPIRUN();
  NEEDS_GENERATOR();
  const Place place;
  const std::string train = "train " ANTIDROME_SOURCE_DIR "/tests/models/noisy.cc --backend cuda --device emulated --config " ANTIDROME_SOURCE_DIR "/userprojects/yinyang/run.toml --no-plots --quiet --threads 1 "
                            "--set data.train_size=31 --set data.validation_size=5 --set data.test_size=5 --set train.epochs=1 --set train.batch=14 --set hidden=40 ";
  const Outcome one = place.one(train + "--out one");
  ASSERT_EQ(one.exit_code, 0) << one.output;
  for (const int n : {2, 4}) {
    const std::string run = "run" + std::to_string(n);
    const Outcome out = place.job(n, train + "--out " + run);
    ASSERT_EQ(out.exit_code, 0) << out.output;
    place.expect_same("one", run, kept);
  }
}

TEST(Mpirun, several_runs_share_their_batches_too) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const std::string several = "train --config run.toml --quiet --seeds 1,2 --set train.epochs=2 --out ";
  ASSERT_EQ(place.one(several + "a").exit_code, 0);
  ASSERT_EQ(place.job(2, several + "b").exit_code, 0);
  for (const char* run : {"seed_1", "seed_2"}) place.expect_same(std::string("a/") + run, std::string("b/") + run, kept);
  const Outcome again = place.job(2, several + "b --resume");     // nothing is left to do
  EXPECT_EQ(again.exit_code, 0) << again.output;
}

TEST(Mpirun, a_mistake_that_all_processes_make_is_told_once) {
  NEEDS_MPIRUN();
  const Place place;
  for (const auto& [arguments, code] : {std::pair{"train --config nowhere.toml", "AD410"}, std::pair{"trian", "AD406"}, std::pair{"eval nowhere", "AD601"}}) {
    const Outcome out = place.job(3, arguments);
    EXPECT_EQ(out.exit_code, 2) << out.output;
    EXPECT_EQ(count(out.output, code), 1u) << out.output;
    EXPECT_EQ(count(out.output, "on rank"), 0u) << out.output;
  }
}

TEST(Mpirun, a_mistake_of_one_process_ends_the_job_with_its_message_and_exit_code) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const std::string train = test::command_path() + " train --config run.toml --quiet --out run ";
  const Outcome other = test::shell(place.environment() + mpirun + "-n 1 " + train + " : -n 1 " + train + "--set data.kind=mnist --set data.path=nowhere");
  EXPECT_NE(other.exit_code, 0);
  EXPECT_EQ(count(other.output, "on rank 1:"), 1u) << other.output;
  EXPECT_EQ(count(other.output, "error"), 1u) << other.output;
  ASSERT_EQ(place.one("train --config run.toml --quiet --out run").exit_code, 0);
  const Outcome first = place.job(2, "train --config run.toml --quiet --out run");   // only rank 0 makes the folder
  EXPECT_EQ(first.exit_code, 2) << first.output;
  EXPECT_EQ(count(first.output, "AD602"), 1u) << first.output;
}

TEST(Mpirun, a_value_that_is_not_finite_is_told_once_and_left_out_by_all) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const std::string train = "train --config run.toml --quiet --no-plots --set params.scale=1e300 --set train.epochs=1 --out ";
  const Outcome one = place.one(train + "one"), two = place.job(2, train + "two");
  EXPECT_EQ(two.exit_code, 0) << two.output;
  EXPECT_EQ(count(two.output, "AD450"), 1u) << two.output;
  EXPECT_EQ(one.output, two.output);
  place.expect_same("one", "two", {"checkpoints/last.h5"});
  EXPECT_EQ(place.job(2, train + "strict --strict").exit_code, 3);
}

TEST(Mpirun, processes_that_do_not_do_the_same_are_told_what_differs) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const std::string train = test::command_path() + " train --config run.toml --quiet --out run ";
  const Outcome seeds = test::shell(place.environment() + mpirun + "-n 1 " + train + " : -n 1 " + train + "--set train.seed=3 --threads 1");
  EXPECT_EQ(seeds.exit_code, 2) << seeds.output;
  EXPECT_EQ(count(seeds.output, "AD461"), 1u) << seeds.output;
  EXPECT_EQ(count(seeds.output, "train.seed: 3 on rank 1, 1 on rank 0"), 1u) << seeds.output;
  EXPECT_FALSE(exists(place.scratch / "run"));
  const Outcome commands = test::shell(place.environment() + mpirun + "-n 1 " + train + " : -n 1 " + test::command_path() + " eval run");
  EXPECT_EQ(commands.exit_code, 2) << commands.output;
  EXPECT_EQ(count(commands.output, "AD461"), 1u) << commands.output;
}

TEST(Mpirun, a_backend_for_one_process_says_so_and_more_processes_than_chunks_are_idle) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake("", "alone");
  const Outcome refused = place.job(2, "train --config run.toml --out run");
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_EQ(count(refused.output, "AD463"), 1u) << refused.output;
  place.use_fake();
  const Outcome idle = place.job(3, "train --config run.toml --quiet --out run --set train.chunks=2 --set train.epochs=1");
  EXPECT_EQ(idle.exit_code, 0) << idle.output;
  EXPECT_EQ(count(idle.output, "AD465"), 1u) << idle.output;
}

TEST(Mpirun, without_its_library_a_job_does_not_begin) {
  const Place place;
  test::fs::create_directories(place.scratch / "bin");
  test::fs::copy_file(test::command_path(), place.scratch / "bin/antidrome");
  const Outcome out = test::shell("'" + (place.scratch / "bin/antidrome").string() + "' train --ranks mpi --config run.toml");
  EXPECT_EQ(out.exit_code, 2) << out.output;
  EXPECT_EQ(count(out.output, "AD460"), 1u) << out.output;
  EXPECT_EQ(test::shell("OMPI_COMM_WORLD_SIZE=4 '" + (place.scratch / "bin/antidrome").string() + "' --version --ranks one").output.substr(0, 9), "antidrome");
}

/// Starts a job of two whose processes leave their ids in pid0 and pid1, waits for a checkpoint, does `then`, and waits for the job's end.
Outcome disturbed(const Place& place, const std::string& arguments, const std::string& then) {
  return test::shell(place.environment() + "|| exit 99\n" + mpirun + "-n 2 sh -c 'echo $$ > pid$OMPI_COMM_WORLD_RANK; exec " + test::command_path() + " " + arguments + "' > out.txt 2>&1 & job=$!\n"
                     "for k in $(seq 600); do [ -e run/checkpoints/best.h5 ] && [ -e run/checkpoints/last.h5 ] && break; sleep 0.05; done\n" + then + "\nwait $job; code=$?; cat out.txt; exit $code");
}

TEST(Mpirun, a_process_that_is_killed_ends_the_job_with_one_message_and_an_intact_checkpoint) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const Outcome out = disturbed(place, "train --config run.toml --quiet --out run --set train.epochs=100000", "kill -9 $(cat pid1)");
  EXPECT_EQ(out.exit_code, 128 + SIGKILL) << out.output;
  EXPECT_EQ(count(out.output, "AD462"), 1u) << out.output;
  EXPECT_NE(out.output.find("antidrome train --resume --out run"), std::string::npos) << out.output;
  const Outcome eval = place.one("eval run");
  EXPECT_EQ(eval.exit_code, 0) << eval.output;
}

TEST(Mpirun, an_interrupted_job_saves_one_checkpoint_from_which_it_ends_like_any_other) {
  NEEDS_MPIRUN();
  const Place place;
  place.use_fake();
  const std::string train = "train --config run.toml --quiet --out run ";
  const Outcome out = disturbed(place, train + "--set train.epochs=100000", "kill -INT $job");
  EXPECT_EQ(count(out.output, "interrupted; a checkpoint is saved"), 1u) << out.output;
  EXPECT_EQ(count(out.output, "AD462"), 0u) << out.output;
  std::size_t epochs = count(place.file("run/metrics.csv"), "\n");   // its header stands for the one that was under way
  const std::string whole = " --set train.epochs=" + std::to_string(epochs + 1);
  ASSERT_EQ(place.job(2, train + "--resume" + whole).exit_code, 0);
  ASSERT_EQ(place.one("train --config run.toml --quiet --out one" + whole).exit_code, 0);
  place.expect_same("one", "run", kept);
}

}  // namespace
}  // namespace antidrome
