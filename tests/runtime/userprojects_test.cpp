// Every configuration in userprojects fits its model file and its data set. Data that are not there are no mistake of a configuration.
#include "runtime/cli/model_source.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/session/failure.hpp"
#include "tests/runtime/fake.hpp"

namespace antidrome {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> configurations() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(std::string(ANTIDROME_SOURCE_DIR) + "/userprojects"))
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

/// Sets the environment for a test, whatever it was before.
struct Environment {
  test::Scratch scratch;
  Environment() {
    setenv("ANTIDROME_DATA", (scratch / "nothing-here").c_str(), 1);
    setenv("ANTIDROME_CACHE", (scratch / "cache").c_str(), 1);
  }
};

class Userprojects : public testing::TestWithParam<std::string> {};

TEST_P(Userprojects, every_key_and_every_parameter_that_a_configuration_names_exists) {
  if (!fs::exists(fs::path(ANTIDROME_BINARY_DIR) / "bin/antidrome-gen")) GTEST_SKIP() << "SKIP: antidrome-gen was not built";
  const Environment environment;
  try {
    const RunConfig config = load_config(GetParam(), {"model.backend=reference", "model.precision=double"});
    Manifest manifest = load_manifest(cli::simulator_folder(config.model, true));
    apply_overrides(config, manifest);
    EXPECT_FALSE(manifest.rule.empty());
  } catch (const Failure& failure) {
    FAIL() << failure.what();
  }
}

TEST_P(Userprojects, the_data_set_knows_the_keys_and_their_values) {
  const Environment environment;
  const RunConfig config = load_config(GetParam(), {});
  for (const data::Split split : {data::Split::train, data::Split::validation, data::Split::test}) {
    try {
      data::make_dataset(config.data, split);
    } catch (const data::DataError& error) {
      EXPECT_EQ(error.code, "AD510") << error.what();   // the files are not there
    }
  }
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  const fs::path file = info.param;
  return file.parent_path().filename().string() + "_" + file.stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, Userprojects, testing::ValuesIn(configurations()), name_of);

}  // namespace
}  // namespace antidrome
