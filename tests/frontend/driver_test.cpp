// The generator as its library: the files it writes, and when it leaves them alone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "codegen/driver/output.hpp"
#include "codegen/driver/request.hpp"

namespace antidrome::driver {
namespace {

namespace fs = std::filesystem;

class Generate : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  Request request(const std::string& model) const {
    Request r;
    r.model = std::string(ANTIDROME_SOURCE_DIR) + "/" + model;
    r.backend = "reference";
    r.output = folder_;
    return r;
  }
  nlohmann::json json(const char* name) const {
    std::ifstream in(folder_ / name);
    return nlohmann::json::parse(in);
  }
  fs::path folder_ = fs::temp_directory_path() / ("antidrome_generate_" + std::to_string(getpid()));
};

TEST_F(Generate, writes_the_manifest_of_the_model) {
  Request r = request("userprojects/yinyang/model.cc");
  r.set = {"hidden=30"};
  ASSERT_EQ(generate(r), exit_ok);
  const nlohmann::json m = json("manifest.json");
  EXPECT_EQ(m.at("version"), 1);
  EXPECT_EQ(m.at("options").at("hidden"), 30);
  EXPECT_EQ(m.at("options").at("loss"), "sum");
  EXPECT_EQ(m.at("sources").at(0).at("size"), 5);
  EXPECT_EQ(m.at("populations").at(0).at("name"), "hidden");
  EXPECT_TRUE(m.at("populations").at(0).at("fires"));
  EXPECT_FALSE(m.at("populations").at(1).at("fires"));
  EXPECT_EQ(m.at("learn").at("rule"), "EventProp");
  const auto& parameters = m.at("parameters");
  const auto w = std::find_if(parameters.begin(), parameters.end(), [](const auto& p) { return p.at("name") == "input_hidden.w"; });
  ASSERT_NE(w, parameters.end());
  EXPECT_EQ(w->at("rows"), 5);
  EXPECT_EQ(w->at("cols"), 30);
  EXPECT_EQ(w->at("axes"), "source target");
  EXPECT_EQ(w->at("init").at("kind"), "normal");
  EXPECT_TRUE(w->at("trainable"));
  EXPECT_EQ(json("inputs.json").at("inputs").size(), 12u);   // the model and the eleven headers of the language
}

TEST_F(Generate, leaves_unchanged_files_alone) {
  const Request r = request("userprojects/yinyang/model.cc");
  ASSERT_EQ(generate(r), exit_ok);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(folder_ / "program.air", old);
  ASSERT_EQ(generate(r), exit_ok);
  EXPECT_EQ(fs::last_write_time(folder_ / "program.air"), old);
}

TEST_F(Generate, numbers_do_not_change_the_fingerprint_and_structure_does) {
  const auto fingerprint = [&](const std::string& neuron, const std::string& size) {
    const fs::path file = folder_.string() + ".cc";
    std::ofstream(file) << "#include <antidrome/library.h>\nusing namespace antidrome;\nvoid network(Network& net) {\n  auto in = net.source(\"in\", 2);\n"
                        << "  auto out = net.population(\"out\", " << size << ", " << neuron << ");\n  net.connect(in, out, Dense{}, Pulse{.w = trainable(normal(0, 1))});\n"
                        << "  net.loss(net.read(out, MeanVoltage{}), CrossEntropy{});\n  net.learn(EventProp{});\n}\n";
    Request r = request("");
    r.model = file.string();
    EXPECT_EQ(generate(r), exit_ok);
    fs::remove(file);
    return json("manifest.json").at("fingerprint").get<std::string>();
  };
  const std::string first = fingerprint("CubaLif{}", "3");
  EXPECT_EQ(fingerprint("CubaLif{.tau_mem = 30_ms}", "3"), first);
  EXPECT_NE(fingerprint("CubaLif{}", "4"), first);
  EXPECT_NE(fingerprint("CubaAlif{}", "3"), first);
}

TEST_F(Generate, a_mistake_of_the_user_is_exit_2_and_writes_nothing) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(generate(request("tests/error/models/loop.cc")), exit_user);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("AD101"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(Generate, a_folder_that_cannot_be_written_is_exit_74) {
  std::ofstream(folder_) << "a file where the folder should be";
  testing::internal::CaptureStderr();
  EXPECT_EQ(generate(request("userprojects/yinyang/model.cc")), exit_io);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("cannot write"), std::string::npos);
}

TEST_F(Generate, stages_can_be_printed) {
  for (const char* stage : {"network", "joined", "solved", "program"}) {
    Request r = request("userprojects/yinyang/model.cc");
    r.dump = stage;
    testing::internal::CaptureStdout();
    EXPECT_EQ(generate(r), exit_ok);
    EXPECT_NE(testing::internal::GetCapturedStdout().find("hidden"), std::string::npos) << stage;
  }
  EXPECT_FALSE(fs::exists(folder_));
}

TEST(Check, agreement_is_exit_0) {
  Request r;
  r.model = std::string(ANTIDROME_SOURCE_DIR) + "/tests/models/three_states.cc";
  testing::internal::CaptureStdout();
  EXPECT_EQ(check(r), exit_ok);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("Burster::flow"), std::string::npos);
}

}  // namespace
}  // namespace antidrome::driver
