// One wrong run folder or checkpoint per row: exit code, diagnostic code, place and message of what is said.
#include "runtime/train/checkpoint.hpp"
#include "runtime/data/hdf5_file.hpp"
#include "tests/runtime/fake.hpp"

#include <functional>

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

struct Misuse {
  const char* what;
  std::function<void(const Scratch&)> prepare;
  std::string arguments;
  std::vector<std::string> expected;
  int exit_code;
};

const std::string resume = "train --config run.toml --out run --resume --set train.epochs=4 ";

// Rewrites last.h5 with something changed.
void change(const Scratch& s, const std::function<void(Checkpoint&)>& how) {
  Checkpoint c = read_checkpoint(s / "run/checkpoints/last.h5");
  how(c);
  write_checkpoint(c, s / "run/checkpoints/last.h5");
}

void nothing(const Scratch&) {}

const Misuse table[] = {
    {"folder that is not there", nothing, "eval nowhere", {"nowhere: error: no such run folder [AD601]"}, 2},
    {"folder that is no run", nothing, "eval build", {"build: error: this is not the folder of a run: it has no config.toml [AD601]"}, 2},
    {"plot of a folder that is no run", nothing, "plot build", {"build: error: this is not the folder of a run", "[AD601]"}, 2},
    {"a second run in the same folder", nothing, "train --config run.toml --out run", {"run: error: there is a run in this folder already [AD602]", "continue it with --resume"}, 2},
    {"checkpoint cut off", [](const Scratch& s) { test::fs::resize_file(s / "run/checkpoints/last.h5", 3000); }, resume,
     {"checkpoints/last.h5: error: the checkpoint is truncated or damaged: not a complete HDF5 file", "[AD603]", "remedy: go on from the one before it: --checkpoint", "previous.h5"}, 74},
    {"checkpoint that is no HDF5", [](const Scratch& s) { test::write(s / "run/checkpoints/last.h5", "text"); }, resume, {"error: the checkpoint is truncated or damaged", "[AD603]"}, 74},
    {"checkpoint with changed numbers",
     [](const Scratch& s) {
       std::string bytes = test::read(s / "run/checkpoints/last.h5");
       const std::size_t at = bytes.find("fake-1");  // the fingerprint is stored as it is
       bytes[at + 5] = '7';
       test::write(s / "run/checkpoints/last.h5", bytes);
     },
     resume, {"error: the checkpoint is truncated or damaged: its checksum does not fit its contents [AD603]"}, 74},
    {"checkpoint without its moments", [](const Scratch& s) { change(s, [](Checkpoint& c) { c.blocks.erase("optimiser/mean/output.bias"); }); }, resume,
     {"error: the checkpoint lacks 'optimiser/mean/output.bias' [AD603]"}, 74},
    {"another model", [](const Scratch& s) { change(s, [](Checkpoint& c) { c.texts["run/fingerprint"] = "abc"; }); }, resume,
     {"error: the checkpoint is of another model or configuration [AD604]", "note: fingerprint of the model: abc in the checkpoint, fake-1 now"}, 2},
    {"another shape", [](const Scratch& s) { change(s, [](Checkpoint& c) { c.blocks["parameters/output.bias"] = {1, 2, 4, {0, 0}}; }); }, resume,
     {"[AD604]", "note: shape of 'output.bias': 1 x 2 in the checkpoint, 1 x 3 now"}, 2},
    {"another configuration", nothing, resume + "--set train.batch=16 --set train.optimiser=sgd",
     {"[AD604]", "note: train.batch: 32 in the checkpoint, 16 now", "note: train.optimiser: adam in the checkpoint, sgd now"}, 2},
    {"another precision", [](const Scratch& s) { test::make_build(s / "build", "double"); }, "eval run", {"[AD604]", "note: precision: float in the checkpoint, double now"}, 2},
    {"no checkpoint", [](const Scratch& s) { test::fs::remove(s / "run/checkpoints/last.h5"); }, resume, {"checkpoints/last.h5: error: there is no checkpoint here [AD605]"}, 2},
    {"the best of a model that has not been trained", nothing, "run build --config run.toml --checkpoint best", {"error: only a run folder has a last or a best checkpoint", "[AD605]"}, 2},
    {"resume without a folder", nothing, "train --config run.toml --resume", {"error: --resume needs the folder of the run [AD405]"}, 2},
    {"a run folder that is a file", nothing, "train --config run.toml --out run.toml/run", {"run.toml/run: error: cannot make the run folder", "[AD606]"}, 74},
    {"a recording that cannot be written", nothing, "run run -o nowhere/r.h5", {"nowhere/r.h5: error: cannot write the recording", "[AD606]"}, 74},
    {"checkpoint of a later format",
     [](const Scratch& s) {
       H5File file = H5File::create(s / "run/checkpoints/last.h5");
       file.write<std::uint64_t>("format_version", {3});
       file.close();
     },
     resume, {"error: the checkpoint has format version 3, this antidrome reads version 2 [AD607]"}, 2},
};

TEST(CheckpointMisuse, every_mistake_is_told_with_its_code_place_and_remedy) {
  for (const Misuse& misuse : table) {
    SCOPED_TRACE(misuse.what);
    const Scratch scratch;
    test::make_build(scratch / "build");
    test::write(scratch / "run.toml", test::fake_config("[output]\nplots = false\ncheckpoint_seconds = 0\n"));
    ASSERT_EQ(test::antidrome(scratch.path(), "train --config run.toml --out run --set train.epochs=3").exit_code, 0);
    misuse.prepare(scratch);
    const Outcome out = test::antidrome(scratch.path(), misuse.arguments);
    EXPECT_EQ(out.exit_code, misuse.exit_code) << out.output;
    for (const std::string& piece : misuse.expected) EXPECT_NE(out.output.find(piece), std::string::npos) << "expected: " << piece << "\nin: " << out.output;
  }
}

TEST(CheckpointMisuse, after_a_damaged_checkpoint_the_run_goes_on_from_the_one_before_to_the_same_end) {
  const Scratch scratch;
  test::make_build(scratch / "build");
  test::write(scratch / "run.toml", test::fake_config("[output]\nplots = false\ncheckpoint_seconds = 0\n"));
  ASSERT_EQ(test::antidrome(scratch.path(), "train --config run.toml --out whole").exit_code, 0);
  ASSERT_EQ(test::antidrome(scratch.path(), "train --config run.toml --out run --set train.epochs=3").exit_code, 0);
  test::fs::resize_file(scratch / "run/checkpoints/last.h5", 3000);
  ASSERT_EQ(test::antidrome(scratch.path(), resume + "--checkpoint run/checkpoints/previous.h5").exit_code, 0);
  EXPECT_EQ(test::read(scratch / "whole/checkpoints/last.h5"), test::read(scratch / "run/checkpoints/last.h5"));
}

TEST(CheckpointMisuse, lanes_that_differ_are_a_warning_not_an_error) {
  const Scratch scratch;
  test::make_build(scratch / "build");
  test::write(scratch / "run.toml", test::fake_config());
  ASSERT_EQ(test::antidrome(scratch.path(), "train --config run.toml --out run --set train.epochs=1").exit_code, 0);
  change(scratch, [](Checkpoint& c) { c.integers["run/lanes"] = {8}; });
  const Outcome out = test::antidrome(scratch.path(), resume);
  EXPECT_EQ(out.exit_code, 0);
  EXPECT_NE(out.output.find("warning: the checkpoint was made by a simulator of 8 lanes, this one has 16"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("[AD608]"), std::string::npos);
}

}  // namespace
}  // namespace antidrome
