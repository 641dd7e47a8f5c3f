// Options of a run that the tests of its parts do not see.
#include "runtime/data/hdf5_file.hpp"
#include "runtime/train/checkpoint.hpp"
#include "tests/runtime/fake.hpp"

#include <fmt/format.h>

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

struct Place {
  Scratch scratch;
  Place() {
    test::make_build(scratch / "build");
    test::write(scratch / "run.toml", test::fake_config("[output]\nplots = false\ncheckpoint_seconds = 0\n"));
  }
  Outcome train(const std::string& arguments) { return test::antidrome(scratch.path(), "train --config run.toml --quiet " + arguments); }
  std::vector<std::string> samples_of_batch_2(const std::string& run) {
    std::vector<std::string> out;
    for (const std::string& name : H5File::open(scratch / (run + "/recordings/training_epoch_1.h5")).names("/"))
      if (name.starts_with("sample_")) out.push_back(name);
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST(Options, without_shuffle_the_samples_come_in_the_order_of_the_data_set) {
  Place place;
  const std::string record = " --set train.epochs=1 --set train.batch=8 --set 'record={what=[\"output.spikes\"],batches=[2]}'";
  ASSERT_EQ(place.train("--out ordered --set train.shuffle=false" + record).exit_code, 0);
  ASSERT_EQ(place.train("--out shuffled" + record).exit_code, 0);
  std::vector<std::string> second;
  for (int k = 8; k < 16; ++k) second.push_back(fmt::format("sample_{}", k));
  std::sort(second.begin(), second.end());
  EXPECT_EQ(place.samples_of_batch_2("ordered"), second);
  EXPECT_NE(place.samples_of_batch_2("shuffled"), second);
}

TEST(Options, a_run_goes_on_from_its_best_checkpoint) {
  Place place;
  const std::string jumpy = "--out run --set train.epochs=12 --set train.learning_rate=1";   // the best is not the last
  ASSERT_EQ(place.train(jumpy).exit_code, 0);
  const std::string last = test::read(place.scratch / "run/checkpoints/last.h5");
  ASSERT_LT(read_checkpoint(place.scratch / "run/checkpoints/best.h5").integer("progress/epoch"), 12u) << "nothing would be left to do";
  test::fs::remove(place.scratch / "run/checkpoints/last.h5");
  const Outcome out = place.train(jumpy + " --resume --checkpoint run/checkpoints/best.h5");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_EQ(test::read(place.scratch / "run/checkpoints/last.h5"), last);
}

}  // namespace
}  // namespace antidrome
