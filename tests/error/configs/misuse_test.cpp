// One wrong command line, configuration or build folder per row: exit code, diagnostic code, place and message of what is said.
#include "tests/runtime/fake.hpp"

#include <antidrome/abi.h>

#include <functional>

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

struct Misuse {
  const char* what;
  std::string config;                                      // of run.toml; empty: the one that works
  std::string arguments;                                   // of antidrome
  std::vector<std::string> expected;                       // pieces of the output, in any order
  int exit_code;
  std::function<void(const Scratch&)> prepare = nullptr;   // what else is wrong
};

std::string trains(const std::string& more = "") { return "train --config run.toml --out run " + more; }

void rebuild(const Scratch& s, const std::string& kind, const std::function<void(nlohmann::json&)>& change = [](nlohmann::json&) {}) {
  nlohmann::json manifest = test::fake_manifest();
  change(manifest);
  test::make_build(s / "build", kind, manifest);
}

const std::string good = test::fake_config();
std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  return text.replace(text.find(from), from.size(), to);
}

const Misuse table[] = {
    // the command line
    {"unknown command", "", "trian", {"error: unknown command 'trian' [AD406]\n  remedy: did you mean 'train'?"}, 2},
    {"no command", "", "", {"error: 'antidrome' needs a command [AD406]"}, 2},
    {"unknown option", "", trains("--tread 2"), {"error: 'antidrome train' has no option '--tread' [AD406]\n  remedy: did you mean '--threads'?"}, 2},
    {"option without its value", "", "train --config", {"[AD406]", "antidrome train --help"}, 2},
    {"a value outside the choices", "", "build x.cc --backend metal", {"[AD406]", "metal not in {openmp,cuda,reference}"}, 2},
    {"no configuration", "", "train build", {"error: no configuration is given [AD405]"}, 2},
    {"override without a value", "", trains("--set train.epochs"), {"--set train.epochs: error: not of the form section.key=value [AD407]"}, 2},
    {"override of an unknown key", "", trains("--set train.epoch=3"), {"--set train.epoch=3: error: unknown key 'train.epoch' [AD402]\n  remedy: did you mean 'epochs'?"}, 2},
    {"override of the wrong type", "", trains("--set train.epochs=many"), {"--set train.epochs=many: error: 'train.epochs' is a string, expected an integer [AD403]"}, 2},
    {"an option of the model without a value", "", "build model.cc --set hidden=", {"--set hidden=: error: not of the form name=value [AD407]"}, 2, [](const Scratch& s) { test::write(s / "model.cc", ""); }},
    {"model file that is not there", "", "build nothing.cc", {"nothing.cc: error: there is no such model file [AD410]"}, 2},
    {"configuration that is not there", "", "train --config nothing.toml", {"nothing.toml: error: cannot read the run configuration [AD410]"}, 2},
    {"data without a name", "", "data check", {"error: no data are named [AD405]"}, 2},
    {"a state that does not exist", "", "run build --config run.toml --record output.w", {"--record output.w: error: the model has nothing called 'output.w' to record [AD413]"}, 2},
    {"a sample that does not exist", "", "run build --config run.toml --samples 100", {"--samples 100: error: 'yinyang test' has samples [0, 100) [AD414]"}, 2},

    {"a target for one run", "", trains("--target-accuracy 50"), {"error: --target-accuracy compares several runs [AD406]"}, 2},
    {"values without a key", "", trains("--vary train.batch"), {"--vary train.batch: error: not of the form key=value,value [AD407]"}, 2},
    {"the same seed twice", "", trains("--seeds 3,3"), {"error: two runs would be called 'seed_3' [AD406]"}, 2},
    {"groups of data that have none", "", "cross-validate --config run.toml", {"run.toml: error: the data set has 0 groups to leave out, at least two are needed [AD415]", "use --folds 5"}, 2},

    // the configuration
    {"not TOML", "[train\nepochs = 3\n", trains(), {"run.toml:1:7: error: not valid TOML", "[AD401]"}, 2},
    {"unknown key", with("epochs = 4", "epcohs = 4"), trains(), {"run.toml:12:1: error: unknown key 'train.epcohs' [AD402]\n  epcohs = 4\n  ^\n  remedy: did you mean 'epochs'?"}, 2},
    {"unknown section", good + "[trainn]\nepochs = 3\n", trains(), {"run.toml:16:2: error: unknown section 'trainn' [AD402]", "did you mean 'train'?"}, 2},
    {"wrong type", with("batch = 32", "batch = \"32\""), trains(), {"run.toml:13:9: error: 'train.batch' is a string, expected an integer [AD403]\n  batch = \"32\"\n          ^"}, 2},
    {"section that is a number", "train = 3\n[trial]\ndt = 1\nlength = 30\n", trains(), {"run.toml:1:9: error: 'train' is an integer, expected a table [AD403]"}, 2},
    {"out of range", with("batch = 32", "batch = 0"), trains(), {"run.toml:13:9: error: 'train.batch' is 0, expected [1, 1000000] [AD404]"}, 2},
    {"negative rate", with("learning_rate = 0.02", "learning_rate = -1"), trains(), {"run.toml:14:17: error: 'train.learning_rate' is -1, expected in [0, 1000000000] [AD404]"}, 2},
    {"trial that is not a number of steps", with("dt = 0.5", "dt = 0.7"), trains(), {"run.toml:10:10: error: 'trial.length' is 30 ms, not a whole number of steps of 0.7 ms [AD404]"}, 2},
    {"trial of too many steps", with("dt = 0.5", "dt = 0.0001"), trains(), {"has 300000 steps of 0.0001 ms, at most 65535 are possible [AD404]"}, 2},
    {"no time step", with("dt = 0.5\n", ""), trains(), {"error: 'trial.dt' is missing [AD405]\n", "remedy: for example [trial] dt = 0.5"}, 2},
    {"unknown optimiser", good + "optimiser = \"adma\"\n", trains(), {"run.toml:16:13: error: 'train.optimiser' is 'adma', expected one of: adam, adamw, sgd [AD409]", "did you mean 'adam'?"}, 2},
    {"all mistakes at once", with("epochs = 4\nbatch = 32", "epochs = -4\nbacth = 32"), trains(), {"run.toml:12:10: error: 'train.epochs' is -4", "run.toml:13:1: error: unknown key 'train.bacth'"}, 2},
    {"path with a variable that is not set", with("train_size = 640", "path = \"$ANTIDROME_NOT_SET/x\""), trains(), {"run.toml:5:8: error: the path '$ANTIDROME_NOT_SET/x' needs the environment variable 'ANTIDROME_NOT_SET', which is not set [AD410]"}, 2},
    {"no data set", with("kind = \"yinyang\"\n", ""), trains(), {"run.toml: error: 'data.kind' is missing [AD405]"}, 2},
    {"unknown parameter", good + "[params]\n\"input_output.v\" = 2\n", trains(), {"run.toml:17:20: error: [params] names 'input_output.v', but the model has no such parameter [AD408]", "did you mean 'input_output.w'?"}, 2},
    {"parameter that is a text", good + "[params]\nscale = \"big\"\n", trains(), {"run.toml:17:9: error: 'params.scale' is neither a number nor a draw [AD403]"}, 2},
    {"not a distribution", good + "[params]\nscale = {uniform = [2, 1]}\n", trains(), {"error: 'params.scale.uniform' is not a distribution: uniform(2, 1) [AD404]"}, 2},
    {"two distributions at once", good + "[params]\nscale = {uniform = [1, 2], number = 3}\n", trains(), {"run.toml:17:9: error: 'params.scale' is given 2 values at once, expected one of: number, uniform, normal, gamma, values [AD404]"}, 2},
    {"unknown distribution", good + "[params]\nscale = {nromal = [2, 1], clamp = [0, 1]}\n", trains(), {"error: unknown key 'params.scale.nromal' [AD402]", "did you mean 'normal'?"}, 2},
    {"values of the wrong number", good + "[params]\n\"output.bias\" = {values = [1, 2]}\n", trains(), {"error: 2 values for 'output.bias', which has 1 x 3 [AD408]"}, 2},
    {"rate of a parameter that is not trained", good + "[train.rates]\nscale = 0.1\n", trains(), {"run.toml:17:9: error: [train.rates] names 'scale', which is not trainable [AD408]", "at fake.cc:1:1"}, 2},

    {"rate that is a word", good + "[train.rates]\n\"output.bias\" = \"fast\"\n", trains(), {"run.toml:17:17: error: 'train.rates.output.bias' is not a number of at least 0 [AD403]"}, 2},
    {"decay without its optimiser", good + "weight_decay = 0.1\n", trains(), {"run.toml:16:16: error: optimiser 'adam' has no weight decay [AD404]", "optimiser = \"adamw\""}, 2},
    {"frozen parameter that does not exist", good + "freeze = [\"output.bais\"]\n", trains(), {"run.toml:16:11: error: [train.freeze] names 'output.bais', but the model has no such parameter [AD408]", "did you mean 'output.bias'?"}, 2},
    {"lift of what is no weight", good + "[train.lift_silent]\n\"output.bias\" = 1\n", trains(), {"error: [train.lift_silent] names 'output.bias', which is not a weight [AD408]"}, 2},
    {"patience for nothing", good + "patience = 3\nmonitor = \"none\"\n", trains(), {"run.toml:16:12: error: 'train.patience' needs something to look at", "[AD404]"}, 2},
    {"monitor without validation", with("validation_size = 100", "validation_size = 0") + "monitor = \"validation_loss\"\n", trains(), {"run.toml: error: 'validation_loss' is to be watched, but there are no validation samples [AD411]"}, 2},
    {"unknown augmentation", good + "[[augment]]\nrandom_shfit = 3\n", trains(), {"error: unknown augmentation 'random_shfit' [AD402]", "did you mean 'random_shift'?"}, 2},
    {"two augmentations in one entry", good + "[[augment]]\nrandom_shift = 3\ndrop_events = 0.1\n", trains(), {"error: 'augment[0]' has both 'random_shift' and 'drop_events' [AD402]"}, 2},
    {"augmentation without a name", good + "[[augment]]\n", trains(), {"error: 'augment[0]' names no augmentation [AD405]"}, 2},
    {"augmentation out of range", good + "[[augment]]\ndrop_events = 1.5\n", trains(), {"run.toml:17:15: error: 'augment[0].drop_events' is 1.5, expected in [0, 1] [AD404]"}, 2},
    {"empty range of dilation", good + "[[augment]]\nrandom_dilate = [2, 1]\n", trains(), {"error: 'augment[0].random_dilate' is [2, 1], which is empty [AD404]"}, 2},
    {"probabilities that are none", good + "[[augment]]\nblend = 0.5\n", trains(), {"error: 'augment[0].blend' is not a list of probabilities [AD403]"}, 2},
    {"key of an augmentation that it lacks", good + "[[augment]]\nblend = [0.5, 0.5]\nshear = 1\n", trains(), {"error: unknown key 'augment[0].shear' [AD402]", "did you mean 'share'?"}, 2},
    {"two blends", good + "[[augment]]\nblend = [0.5]\n[[augment]]\nblend = [0.5]\n", trains(), {"error: 'augment[1]' is a second blend [AD404]"}, 2},

    {"recording of no sample", good + "[record]\nwhat = [\"output.v\"]\n", trains(), {"run.toml:17:8: error: [record] says what, but not of which samples [AD405]"}, 2},
    {"recording of what is not there", good + "[record]\nwhat = [\"output.u\"]\nsamples = [1]\n", trains(), {"run.toml:17:9: error: the model has nothing called 'output.u' to record [AD413]"}, 2},
    {"adjoints of exact mode", good + "[record]\nwhat = [\"adjoints\"]\nsamples = [1]\n", trains(), {"run.toml:17:9: error: 'adjoints' cannot be recorded: adjoints are recorded in grid mode only [AD413]"}, 2, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["mode"] = "exact"; }); }},
    {"samples that are no integers", good + "[record]\nwhat = [\"output.v\"]\nsamples = [1, \"x\", -2]\n", trains(), {"run.toml:18:15: error: 'record.samples' is a list of integers of at least 0 [AD403]", "run.toml:18:20: error", "[AD404]"}, 2},

    // the build
    {"folder without a manifest", "", trains(), {"manifest.json: error: no manifest here: this is not the folder of a built simulator [AD421]"}, 2, [](const Scratch& s) { test::fs::remove(s / "build/manifest.json"); }},
    {"manifest cut off", "", trains(), {"manifest.json:", "error: the manifest is not valid JSON (damaged or cut off) [AD420]"}, 74, [](const Scratch& s) { test::fs::resize_file(s / "build/manifest.json", 500); }},
    {"manifest without a field", "", trains(), {"error: the manifest is not valid: 'parameters[1].rows' is missing [AD420]"}, 74, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["parameters"][1].erase("rows"); }); }},
    {"manifest of another version", "", trains(), {"error: the manifest is not valid: 'version' is 9, this antidrome reads version 1 [AD420]"}, 74, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["version"] = 9; }); }},
    {"library that is not there", "", trains(), {"simulator.so: error: the simulator library is not there [AD422]"}, 74, [](const Scratch& s) { test::fs::remove(s / "build/simulator.so"); }},
    {"library that is no library", "", trains(), {"error: the simulator library cannot be loaded", "[AD422]"}, 74, [](const Scratch& s) { test::write(s / "build/simulator.so", "text"); }},
    {"library without the symbol", "", trains(), {"error: the library has no symbol 'antidrome_open': it is not a simulator [AD422]"}, 74, [](const Scratch& s) { rebuild(s, "empty"); }},
    {"simulator of another interface", "", trains(), {"error: the simulator speaks version 0 of the interface, this antidrome version " + std::to_string(ANTIDROME_ABI_VERSION) + " [AD423]"}, 74, [](const Scratch& s) { rebuild(s, "old_abi"); }},
    {"simulator of another model", "", trains(), {"error: simulator and manifest are of different builds: fingerprints 'fake-2' and 'fake-1' [AD423]"}, 74, [](const Scratch& s) { rebuild(s, "other"); }},
    {"simulator of another precision", "", trains(), {"error: the simulator computes with 4-byte reals, its manifest says double (8 bytes) [AD423]"}, 74, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["precision"] = "double"; }); }},
    {"data of another size", "", trains(), {"error: data set 'yinyang train' has 5 units, source 'input' of the model 7 [AD411]"}, 2, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["sources"][0]["size"] = 7; }); }},
    {"fewer outputs than classes", "", trains(), {"error: data set 'yinyang train' has 3 classes, readout 'output_V' of the model 2 elements [AD411]"}, 2, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m["readouts"][0]["size"] = 2; }); }},
    {"model that does not learn", "", trains(), {"error: the model has no learning rule [AD412]"}, 2, [](const Scratch& s) { rebuild(s, "float", [](nlohmann::json& m) { m.erase("learn"); }); }},
};

TEST(ConfigMisuse, every_mistake_is_told_with_its_code_place_and_remedy) {
  for (const Misuse& misuse : table) {
    SCOPED_TRACE(misuse.what);
    const Scratch scratch;
    test::make_build(scratch / "build");
    test::write(scratch / "run.toml", misuse.config.empty() ? good : misuse.config);
    if (misuse.prepare) misuse.prepare(scratch);
    const Outcome out = test::antidrome(scratch.path(), misuse.arguments);
    EXPECT_EQ(out.exit_code, misuse.exit_code) << out.output;
    for (const std::string& piece : misuse.expected) EXPECT_NE(out.output.find(piece), std::string::npos) << "expected: " << piece << "\nin: " << out.output;
    EXPECT_FALSE(test::fs::exists(scratch / "run/config.toml")) << "nothing is begun before everything is checked";
  }
}

TEST(ConfigMisuse, shapes_that_the_benchmarks_do_not_know) {
  const Outcome unknown = test::shell("'" + test::command_path() + "' bench shd-265");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.output.find("error: there is no shape 'shd-265' [AD416]"), std::string::npos) << unknown.output;
}

TEST(ConfigMisuse, what_the_benchmarks_cannot_scale_or_draw) {
  const auto bench = [](const std::string& arguments) { return test::shell("'" + test::command_path() + "' bench " + arguments); };
  const Outcome two = bench("yinyang mnist --scale batch"), nothing = bench("yinyang --plot figure"), unknown = bench("yinyang --scale width");
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_NE(two.output.find("one shape in one precision is scaled at a time"), std::string::npos) << two.output;
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.output.find("add --scale batch, length or events"), std::string::npos) << nothing.output;
  EXPECT_EQ(unknown.exit_code, 2);
}

}  // namespace
}  // namespace antidrome
