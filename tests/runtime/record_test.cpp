#include "runtime/data/hdf5_file.hpp"
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
    test::write(scratch / "run.toml", test::fake_config());
  }
  Outcome run(const std::string& arguments) { return test::antidrome(scratch.path(), "run build --config run.toml " + arguments); }
};

TEST(Run, writes_spikes_traces_and_results_of_the_chosen_samples) {
  Place place;
  const Outcome out = place.run("--samples 3,0 --record output -o r.h5");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  const H5File file = H5File::open(place.scratch / "r.h5");
  EXPECT_EQ(file.read<float>("sample_3/output/v").shape, (std::vector<hsize_t>{60, 3}));
  EXPECT_EQ(file.read<std::uint32_t>("sample_0/output/spike_unit").values.size(), 5u);
  EXPECT_EQ(file.read<double>("sample_0/input/spike_time_ms").values.size(), 5u);
  EXPECT_TRUE(file.has("sample_0/prediction"));
  EXPECT_FALSE(file.has("sample_1"));
}

TEST(Run, writes_tables_where_the_name_says_csv) {
  Place place;
  ASSERT_EQ(place.run("--samples 2 --record output.v -o r.csv").exit_code, 0);
  const std::string spikes = test::read(place.scratch / "r.csv"), traces = test::read(place.scratch / "r_traces.csv");
  EXPECT_EQ(std::count(spikes.begin(), spikes.end(), '\n'), 6);   // a header and five input events
  EXPECT_EQ(std::count(traces.begin(), traces.end(), '\n'), 1 + 60 * 3);
}

TEST(Record, chosen_samples_of_chosen_epochs_are_written_and_training_is_not_changed) {
  Place place;
  const std::string quiet = "train --config run.toml --no-plots ";
  ASSERT_EQ(test::antidrome(place.scratch.path(), quiet + "--out plain").exit_code, 0);
  const Outcome out = test::antidrome(place.scratch.path(), quiet + "--out run --set 'record={what=[\"output\"],samples=[7,630],epochs=[2,4]}'");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_FALSE(test::fs::exists(place.scratch / "run/recordings/training_epoch_1.h5"));
  const H5File second = H5File::open(place.scratch / "run/recordings/training_epoch_2.h5"), fourth = H5File::open(place.scratch / "run/recordings/training_epoch_4.h5");
  for (const char* sample : {"sample_7", "sample_630"}) {
    EXPECT_EQ(second.read<float>(std::string(sample) + "/output/v").shape, (std::vector<hsize_t>{60, 3}));
    EXPECT_NE(second.read<float>(std::string(sample) + "/output/v").values, fourth.read<float>(std::string(sample) + "/output/v").values);  // the network has learnt
    EXPECT_EQ(second.read<double>(std::string(sample) + "/scores").values.size(), 3u);
    EXPECT_GE(second.read<std::int32_t>(std::string(sample) + "/label").values.at(0), 0);
  }
  EXPECT_FALSE(second.has("sample_0"));
  EXPECT_EQ(second.read<double>("time_ms").values.back(), 30);
  // The same numbers, but for the text of the configuration that a recording is no part of.
  EXPECT_EQ(test::read(place.scratch / "plain/checkpoints/last.h5"), test::read(place.scratch / "run/checkpoints/last.h5"));
}

TEST(Record, whole_batches_are_recorded_as_the_network_got_them) {
  Place place;
  const Outcome out = test::antidrome(place.scratch.path(), "train --config run.toml --no-plots --out run --set train.epochs=1 --set train.batch=8 --set 'augment=[{drop_events=0.5}]' --set 'record={what=[\"output.spikes\"],batches=[3]}'");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  const H5File file = H5File::open(place.scratch / "run/recordings/training_epoch_1.h5");
  std::size_t samples = 0, events = 0;
  for (const std::string& name : file.names("/"))
    if (name.starts_with("sample_")) {
      ++samples;
      const std::size_t own = file.read<double>(name + "/input/spike_time_ms").values.size();
      EXPECT_EQ(file.read<std::uint32_t>(name + "/output/spike_unit").values.size(), own);   // the fake fires once for every event
      events += own;
    }
  EXPECT_EQ(samples, 8u);
  EXPECT_LT(events, 40u);   // five events a sample, half of them dropped
}

TEST(Record, of_validation_and_across_an_interruption) {
  Place place;
  const std::string train = "train --config run.toml --no-plots --quiet --out run --set 'record={what=[\"output.v\"],samples=[99],split=\"validation\"}' ";
  ASSERT_EQ(test::antidrome(place.scratch.path(), train + "--set train.epochs=2").exit_code, 0);
  const Outcome out = test::antidrome(place.scratch.path(), train + "--resume --set train.epochs=3");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  for (int epoch = 1; epoch <= 3; ++epoch) EXPECT_TRUE(H5File::open(place.scratch / fmt::format("run/recordings/validation_epoch_{}.h5", epoch)).has("sample_99/output/v"));
}

TEST(Plan, lists_parameters_and_memory) {
  Place place;
  const Outcome out = test::antidrome(place.scratch.path(), "plan build --batch 64 --dt 0.5 --length 30");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_NE(out.output.find("input_output.w"), std::string::npos);
  EXPECT_NE(out.output.find("memory, batch 64 of 60 steps of 0.5 ms"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("of which tape 64.0 KiB (1024 B a sample)"), std::string::npos) << out.output;
}

TEST(Doctor, says_what_is_there_and_ends_by_a_known_code) {
  const Outcome out = test::shell("'" + test::command_path() + "' doctor");
  EXPECT_TRUE(out.exit_code == 0 || out.exit_code == 3) << out.output;
  for (const char* line : {"compiler", "OpenMP", "HDF5", "antidrome-gen", "ANTIDROME_DATA"}) EXPECT_NE(out.output.find(line), std::string::npos) << line;
}

TEST(Data, check_reads_every_record) {
  const Outcome out = test::shell("'" + test::command_path() + "' data check --kind yinyang --set train_size=50");
  EXPECT_EQ(out.exit_code, 0);
  EXPECT_NE(out.output.find("yinyang train: 50 samples, 250 events, every record can be read"), std::string::npos) << out.output;
}

TEST(Data, what_names_do_not_tell_is_asked_for) {
  const Place place;
  const auto info = [&](const std::string& what) { return test::antidrome(place.scratch.path(), "data info " + what); };
  EXPECT_EQ(info("absent").exit_code, 74);
  EXPECT_NE(info("absent").output.find("there is no such file or folder"), std::string::npos);
  EXPECT_EQ(info("run.toml").exit_code, 0) << info("run.toml").output;
  const Outcome untold = info("build");
  EXPECT_EQ(untold.exit_code, 2);
  EXPECT_NE(untold.output.find("do not tell what kind of data they are"), std::string::npos) << untold.output;
}

}  // namespace
}  // namespace antidrome
