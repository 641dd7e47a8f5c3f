#include "runtime/train/config.hpp"
#include "tests/runtime/fake.hpp"

namespace antidrome {
namespace {

using test::Scratch;

RunConfig load(const Scratch& scratch, const std::string& text, const std::vector<std::string>& overrides = {}) {
  test::write(scratch / "run.toml", text);
  return load_config((scratch / "run.toml").string(), overrides);
}

TEST(Config, defaults_are_filled_in_and_paths_are_absolute) {
  const Scratch scratch;
  const RunConfig c = load(scratch, "[model]\nfile = \"m.cc\"\n[data]\nkind = \"yinyang\"\n[trial]\ndt = 0.5\nlength = 30\n");
  EXPECT_EQ(c.model.file, (scratch / "m.cc").string());
  EXPECT_EQ(c.trial.steps, 60u);
  EXPECT_EQ(c.train.batch, 32u);
  EXPECT_EQ(c.train.optimiser, "adam");
  EXPECT_EQ(c.data.values.at("dt_ms"), "0.5");
  EXPECT_EQ(c.data.values.at("trial_ms"), "30");
}

TEST(Config, the_resolved_text_is_the_same_configuration) {
  const Scratch scratch;
  const RunConfig c = load(scratch, test::fake_config("schedule = \"cosine\"\n[train.rates]\n\"output.bias\" = 1e-3\n[params]\n\"input_output.w\" = {normal = [1.5, 0.78], clamp = [-9, 9]}\nscale = 2\n"));
  test::write(scratch / "other/resolved.toml", c.resolved);
  const RunConfig again = load_config((scratch / "other/resolved.toml").string(), {});
  EXPECT_EQ(c.flat, again.flat);
  EXPECT_EQ(again.train.rates.at("output.bias"), 1e-3);
  EXPECT_EQ(again.params.at("input_output.w").init.str(), "normal(1.5, 0.78)");
  EXPECT_EQ(again.params.at("input_output.w").high, 9);
}

TEST(Config, overrides_win_and_strings_need_no_quotes) {
  const Scratch scratch;
  const RunConfig c = load(scratch, test::fake_config(), {"train.epochs=7", "train.optimiser=sgd", "params.input_output.w={uniform=[0,1]}", "model.set.hidden=512"});
  EXPECT_EQ(c.train.epochs, 7u);
  EXPECT_EQ(c.train.optimiser, "sgd");
  EXPECT_EQ(c.params.at("input_output.w").init.kind, Init::Kind::uniform);
  EXPECT_EQ(c.model.set.at("hidden"), "512");
}

TEST(Config, a_draw_on_the_command_line_takes_the_place_of_the_one_in_the_file_and_bounds_stay) {
  const Scratch scratch;
  const RunConfig c = load(scratch, test::fake_config("[params]\n\"output.bias\" = {values = [1, 2, 3], clamp = [0, 4]}\n"), {"params.\"output.bias\"={uniform=[0,1]}"});
  EXPECT_EQ(c.params.at("output.bias").init.str(), "uniform(0, 1)");
  EXPECT_EQ(c.params.at("output.bias").high, 4);
}

TEST(Config, augmentations_keep_their_order_and_survive_being_resolved) {
  const Scratch scratch;
  const RunConfig c = load(scratch, test::fake_config("[[augment]]\nrandom_shift = 40\n[[augment]]\nblend = [0.5, 0.25]\nextra = 1\n[[augment]]\nrandom_dilate = [0.9, 1.1]\n[[augment]]\nnormalise_spike_number = true\n"));
  using Kind = data::AugmentStep::Kind;
  test::write(scratch / "other/resolved.toml", c.resolved);
  const RunConfig again = load_config((scratch / "other/resolved.toml").string(), {});
  for (const RunConfig* config : {&c, &again}) {
    ASSERT_EQ(config->augment.size(), 4u);
    EXPECT_EQ(config->augment[0].kind, Kind::random_shift);
    EXPECT_EQ(config->augment[0].a, 40);
    EXPECT_EQ(config->augment[1].keep, (std::vector<double>{0.5, 0.25}));
    EXPECT_EQ(config->augment[1].extra, 1);
    EXPECT_EQ(config->augment[1].share, 0);   // 0.5 where no extra blends are asked for
    EXPECT_EQ(config->augment[2].b, 1.1);
    EXPECT_EQ(config->augment[3].a, 0);
  }
  EXPECT_EQ(c.flat, again.flat);
  EXPECT_EQ(c.flat.at("augment").find('\n'), std::string::npos);
  const RunConfig other = load(scratch, test::fake_config(), {"augment=[{blend=[0.5, 0.5]}]"});
  ASSERT_EQ(other.augment.size(), 1u);
  EXPECT_EQ(other.augment[0].share, 0.5);
}

TEST(Config, environment_variables_in_paths_are_replaced) {
  const Scratch scratch;
  setenv("ANTIDROME_TEST_PLACE", "/somewhere", 1);
  const RunConfig c = load(scratch, "[data]\nkind = \"idx\"\npath = \"${ANTIDROME_TEST_PLACE}/mnist\"\n[trial]\ndt = 1\nlength = 20\n");
  EXPECT_EQ(c.data.values.at("path"), "/somewhere/mnist");
}

TEST(Config, params_replace_what_the_manifest_says) {
  const Scratch scratch;
  const RunConfig c = load(scratch, test::fake_config("[params]\n\"output.bias\" = 0.25\n\"input_output.w\" = {clamp = [0, 1]}\n"));
  Manifest m = load_manifest(test::make_build(scratch / "build"));
  apply_overrides(c, m);
  EXPECT_EQ(m.parameters[2].init.a, 0.25);
  EXPECT_EQ(m.parameters[1].init.kind, Init::Kind::normal);
  EXPECT_EQ(m.parameters[1].high, 1);
}

}  // namespace
}  // namespace antidrome
