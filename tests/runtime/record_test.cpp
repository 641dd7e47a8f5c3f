#include "runtime/data/hdf5_file.hpp"
#include "tests/runtime/fake.hpp"

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

}  // namespace
}  // namespace antidrome
