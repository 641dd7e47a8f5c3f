// Several runs by one command: repeats, variants, what they say together, and how they go on.
#include "runtime/cli/run_set.hpp"
#include "runtime/cli/run_summary.hpp"
#include "runtime/data/shd_writer.hpp"
#include "tests/runtime/fake.hpp"

#include <cmath>

namespace antidrome {
namespace {

using cli::PlannedRun;
using test::Outcome;
using test::Scratch;

struct Place {
  Scratch scratch;
  Place() {
    test::make_build(scratch / "build");
    test::write(scratch / "run.toml", test::fake_config("[output]\nplots = false\ncheckpoint_seconds = 0\n"));
  }
  Outcome train(const std::string& arguments) { return test::antidrome(scratch.path(), "train --config run.toml " + arguments); }
  nlohmann::json summary(const std::string& folder) { return nlohmann::json::parse(test::read(scratch / (folder + "/summary.json"))); }
};

TEST(RunSet, values_are_cut_at_commas_that_are_not_inside_brackets_or_quotes) {
  EXPECT_EQ(cli::values_of("hidden=64,128"), (std::vector<std::string>{"hidden=64", "hidden=128"}));
  EXPECT_EQ(cli::values_of("augment=[],[{blend=[0.5,0.5]}]"), (std::vector<std::string>{"augment=[]", "augment=[{blend=[0.5,0.5]}]"}));
  EXPECT_EQ(cli::values_of("a.b=\"x,y\""), (std::vector<std::string>{"a.b=\"x,y\""}));
}

TEST(RunSet, every_combination_is_planned_and_seeds_are_averaged) {
  const std::vector<PlannedRun> runs = cli::plan_runs({"a.toml", "b.toml"}, {cli::values_of("train.batch=16,32")}, {1, 7}, {"train.epochs=2"});
  ASSERT_EQ(runs.size(), 8u);
  EXPECT_EQ(runs[3].name, "a batch=32 seed 7");
  EXPECT_EQ(runs[3].mean_of, "a batch=32");
  EXPECT_EQ(runs[3].overrides, (std::vector<std::string>{"train.epochs=2", "train.batch=32", "train.seed=7"}));
  EXPECT_EQ(cli::plan_runs({"a.toml"}, {cli::values_of("loss=sum")}, {}, {})[0].overrides, (std::vector<std::string>{"model.set.loss=sum"}));
}

TEST(RunSet, repeats_give_each_result_the_mean_and_the_standard_deviation) {
  Place place;
  const Outcome out = place.train("--out set --quiet --seeds 1,2,3 --target-accuracy 30");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  const nlohmann::json summary = place.summary("set");
  ASSERT_EQ(summary["runs"].size(), 3u);
  double sum = 0, squares = 0;
  for (const auto& run : summary["runs"]) {
    const double accuracy = run["test"];
    const auto own = nlohmann::json::parse(test::read(place.scratch / ("set/" + run["folder"].get<std::string>() + "/result.json")));
    EXPECT_EQ(accuracy, own["splits"]["test"]["accuracy"]);
    sum += accuracy;
  }
  for (const auto& run : summary["runs"]) squares += std::pow(run["test"].get<double>() - sum / 3, 2);
  EXPECT_NEAR(summary["means"][0]["test"]["mean"], sum / 3, 1e-15);
  EXPECT_NEAR(summary["means"][0]["test"]["sd"], std::sqrt(squares / 2), 1e-15);
  EXPECT_NE(out.output.find("mean ± s.d."), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("epochs to 30 %"), std::string::npos) << out.output;
  // A run of a set is the run that its seed makes alone.
  ASSERT_EQ(place.train("--out alone --set train.seed=2").exit_code, 0);
  EXPECT_EQ(test::read(place.scratch / "alone/checkpoints/last.h5"), test::read(place.scratch / "set/seed_2/checkpoints/last.h5"));
}

TEST(RunSet, variants_are_drawn_in_one_plot_and_the_epochs_to_a_target_are_counted) {
  Place place;
  const Outcome out = place.train("--out set --vary train.learning_rate=0,0.02 --vary train.batch=16,32 --target-accuracy 55");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  for (const char* file : {"comparison.svg", "comparison.csv", "runs.csv", "learning_rate=0_batch=16/config.toml"}) EXPECT_TRUE(test::fs::exists(place.scratch / ("set/" + std::string(file)))) << file;
  for (const auto& run : place.summary("set")["runs"]) {
    if (run["run"].get<std::string>().starts_with("learning_rate=0 ")) EXPECT_TRUE(run["epochs"].is_null()) << run;   // a network that does not learn
    else EXPECT_TRUE(run["epochs"].is_number()) << run;
  }
}

TEST(RunSet, what_is_finished_is_kept_and_what_was_begun_goes_on_to_the_same_end) {
  Place place;
  ASSERT_EQ(place.train("--out whole --seeds 1,2").exit_code, 0);
  ASSERT_EQ(place.train("--out part --seeds 1").exit_code, 0);
  ASSERT_EQ(place.train("--out part/seed_2 --set train.seed=2 --set train.epochs=2").exit_code, 0);
  test::fs::remove(place.scratch / "part/seed_2/result.json");   // as if it had been killed
  const auto before = test::fs::last_write_time(place.scratch / "part/seed_1/checkpoints/last.h5");
  const Outcome out = place.train("--out part --seeds 1,2 --resume");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_EQ(test::fs::last_write_time(place.scratch / "part/seed_1/checkpoints/last.h5"), before);
  EXPECT_EQ(test::read(place.scratch / "whole/seed_2/checkpoints/last.h5"), test::read(place.scratch / "part/seed_2/checkpoints/last.h5"));
  EXPECT_EQ(place.summary("whole"), place.summary("part"));
}

TEST(RunSet, a_mistake_in_the_last_run_is_told_before_the_first_one_begins) {
  Place place;
  const Outcome out = place.train("--out set --vary train.optimiser=sgd,adma");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_FALSE(test::fs::exists(place.scratch / "set"));
  EXPECT_EQ(place.train("--out set --seeds 1,1").exit_code, 2);
  EXPECT_EQ(place.train("--out set --vary train.batch").exit_code, 2);
  EXPECT_EQ(place.train("--out set --target-accuracy 50").exit_code, 2);
}

// Spoken digits in small: three words of five channels by three speakers, each twice. The mean times of the channels tell the words
// apart, and the third speaker says every word like the next one: whoever trained on the others is wrong about her.
void write_speech(const test::fs::path& file) {
  data::ShdWriter writer(file, 18, {.keys = {"one", "two", "three"}, .speakers = {{}, {}, {}}, .source = "made up", .takes = true});
  for (std::uint16_t k = 0; k < 18; ++k) {
    const auto speaker = static_cast<std::uint16_t>(k / 6), word = static_cast<std::uint16_t>(k % 3), take = static_cast<std::uint16_t>(k / 3 % 2);
    data::ShdSample sample{.times_s = {}, .units = {}, .label = word, .speaker = speaker, .take = take};
    const int said = (word + (speaker == 2 ? 1 : 0)) % 3;
    for (std::uint16_t unit = 0; unit < 5; ++unit) sample.units.push_back(unit == 0 ? static_cast<std::uint16_t>(said) : unit <= said ? static_cast<std::uint16_t>(unit - 1) : unit), sample.times_s.push_back(unit == 0 ? 0.001f : 0.025f);
    writer.write(k, sample);
  }
  writer.finish();
}

TEST(CrossValidate, leaves_every_speaker_out_and_prints_the_table) {
  Place place;
  write_speech(place.scratch / "speech.h5");
  std::string config = test::fake_config("[output]\nplots = true\n");
  const std::size_t begin = config.find("kind"), end = config.find("[trial]");
  config.replace(begin, end - begin, "kind = \"shd\"\npath = \"speech.h5\"\nunits = 5\nsplit = \"takes\"\nvalidation_takes = \"1\"\n");
  test::write(place.scratch / "speech.toml", config);
  const std::string common = "cross-validate -c speech.toml --quiet --set train.epochs=60 --set train.batch=4 ";
  const Outcome out = test::antidrome(place.scratch.path(), common + "--out loso");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  const nlohmann::json runs = place.summary("loso")["runs"];
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[2]["validation"], 0) << out.output;
  EXPECT_NE(out.output.find("mean ± s.d."), std::string::npos) << out.output;
  // Each held-out speaker is the only one who was judged.
  const std::string shares = test::read(place.scratch / "loso" / runs[2]["folder"].get<std::string>() / "accuracy_validation.csv");
  EXPECT_EQ(std::count(shares.begin(), shares.end(), '\n'), 1 + 3 + 1) << shares;
  EXPECT_NE(shares.find("class,\"three\",2,0,0"), std::string::npos) << shares;
  EXPECT_TRUE(test::fs::exists(place.scratch / "loso" / runs[0]["folder"].get<std::string>() / "plots/groups_validation.svg"));

  const Outcome folds = test::antidrome(place.scratch.path(), common + "--out folds --folds 2 --seeds 1,2");
  ASSERT_EQ(folds.exit_code, 0) << folds.output;
  EXPECT_EQ(place.summary("folds")["runs"].size(), 4u);
  const Outcome chosen = test::antidrome(place.scratch.path(), common + "--out some --groups nobody");
  EXPECT_EQ(chosen.exit_code, 2);
  EXPECT_NE(chosen.output.find("names the group 'nobody', which the data set does not have"), std::string::npos) << chosen.output;
}

TEST(Eval, tells_confusions_and_writes_the_accuracy_of_each_class) {
  Place place;
  ASSERT_EQ(place.train("--out run").exit_code, 0);
  const Outcome out = test::antidrome(place.scratch.path(), "eval run");
  EXPECT_NE(out.output.find("true"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("\nyin "), std::string::npos) << out.output;
  const std::string shares = test::read(place.scratch / "run/accuracy_test.csv");
  EXPECT_TRUE(shares.starts_with("of,name,samples,correct,accuracy\nclass,\"yin\",")) << shares;
  const Outcome json = test::antidrome(place.scratch.path(), "eval run --json");
  const auto parsed = nlohmann::json::parse(json.output);
  EXPECT_EQ(parsed["confusion"].size(), 3u);
  EXPECT_EQ(parsed["classes"][2]["name"], "dot");
}

}  // namespace
}  // namespace antidrome
