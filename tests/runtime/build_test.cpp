// The build command with a generator by hand: what is done again, and what is not.
#include "tests/runtime/fake.hpp"

#include <algorithm>

namespace antidrome {
namespace {

using test::Outcome;
using test::Scratch;

// A generator that copies the fake simulator's source, counts its calls and fails where the model says so.
struct Place {
  Scratch scratch;
  Place() {
    test::write(scratch / "model.cc", "#include \"part.h\"\n");
    test::write(scratch / "part.h", "// a part\n");
    test::write(scratch / "manifest.json", test::fake_manifest().dump());
    test::write(scratch / "gen", R"(#!/bin/sh
here=$(dirname "$0"); model=$2
echo "$@" >> "$here/calls"
while [ "$1" != -o ]; do shift; done
grep -q CRASH "$model" && kill -SEGV $$
grep -q WRONG "$model" && { echo "$model:1:1: error: that is wrong [AD199]" >&2; exit 2; }
cp "$here/manifest.json" "$2/manifest.json"
echo "[\"$here/model.cc\", \"$here/part.h\"]" > "$2/inputs.json"
{ cat ")" + std::string(ANTIDROME_SOURCE_DIR) + R"(/tests/runtime/fake_simulator.cc"; grep -h BROKEN "$model"; } > "$2/simulator.cc"
exit 0
)");
    test::fs::permissions(scratch / "gen", test::fs::perms::owner_all);
  }
  Outcome build(const std::string& arguments = "model.cc", const std::string& environment = "") {
    return test::antidrome(scratch.path(), "build " + arguments, "ANTIDROME_GEN='" + (scratch / "gen").string() + "' " + environment);
  }
  std::size_t calls() const {
    const std::string text = test::read(scratch / "calls");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
};

TEST(Build, generates_compiles_and_prints_the_folder) {
  Place place;
  const Outcome out = place.build("model.cc -o dir");
  ASSERT_EQ(out.exit_code, 0) << out.output;
  EXPECT_TRUE(test::fs::exists(place.scratch / "dir/simulator.so"));
  EXPECT_TRUE(out.output.ends_with("\ndir\n")) << out.output;
}

TEST(Build, an_unchanged_model_is_recognised_without_the_generator) {
  Place place;
  ASSERT_EQ(place.build().exit_code, 0);
  const Outcome again = place.build();
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_EQ(place.calls(), 1u);
  EXPECT_NE(again.output.find("up to date in "), std::string::npos) << again.output;
}

TEST(Build, touching_a_file_costs_nothing_and_changing_an_included_one_generates_but_compiles_only_changed_code) {
  Place place;
  ASSERT_EQ(place.build("model.cc -o dir").exit_code, 0);
  const auto compiled = test::fs::last_write_time(place.scratch / "dir/simulator.so");
  test::write(place.scratch / "model.cc", "#include \"part.h\"\n");  // same content, new time
  ASSERT_EQ(place.build("model.cc -o dir").exit_code, 0);
  EXPECT_EQ(place.calls(), 1u);
  test::write(place.scratch / "part.h", "// another part\n");
  ASSERT_EQ(place.build("model.cc -o dir").exit_code, 0);
  EXPECT_EQ(place.calls(), 2u);
  EXPECT_EQ(test::fs::last_write_time(place.scratch / "dir/simulator.so"), compiled);
}

TEST(Build, another_option_is_another_folder_and_is_passed_on) {
  Place place;
  const Outcome a = place.build("model.cc -q"), b = place.build("model.cc -q --set hidden=64 --mode exact");
  EXPECT_NE(a.output, b.output);
  EXPECT_NE(test::read(place.scratch / "calls").find("--mode exact --precision float"), std::string::npos);
  EXPECT_NE(test::read(place.scratch / "calls").find("--set hidden=64"), std::string::npos);
}

TEST(Build, the_mistakes_that_the_generator_finds_pass_through) {
  Place place;
  test::write(place.scratch / "model.cc", "WRONG\n");
  const Outcome out = place.build();
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("error: that is wrong [AD199]"), std::string::npos) << out.output;
}

TEST(Build, a_generator_that_crashes_is_our_bug) {
  Place place;
  test::write(place.scratch / "model.cc", "CRASH\n");
  const Outcome out = place.build();
  EXPECT_EQ(out.exit_code, 70);
  EXPECT_NE(out.output.find("the generator crashed (signal 11)"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("[AD445]"), std::string::npos);
}

TEST(Build, code_that_does_not_compile_is_our_bug_and_the_log_is_named) {
  Place place;
  test::write(place.scratch / "model.cc", "BROKEN code\n");
  const Outcome out = place.build("model.cc -o dir");
  EXPECT_EQ(out.exit_code, 70);
  EXPECT_NE(out.output.find("dir/compile.log: error: the compiler refused the generated simulator"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("[AD441]"), std::string::npos) << out.output;
  EXPECT_NE(test::read(place.scratch / "dir/compile.log").find("BROKEN"), std::string::npos);
}

TEST(Build, the_reference_backend_in_single_precision_is_refused) {
  Place place;
  const Outcome out = place.build("model.cc --backend reference --precision float");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("error: the reference backend computes in double, not in float [AD404]"), std::string::npos) << out.output;
}

TEST(Build, mixed_precision_is_of_the_grid_and_of_openmp) {
  Place place;
  const Outcome exact = place.build("model.cc --mode exact --precision mixed"), cuda = place.build("model.cc --backend cuda --precision mixed");
  EXPECT_EQ(exact.exit_code, 2);
  EXPECT_NE(exact.output.find("error: precision 'mixed' is of the backend openmp in grid mode, not of openmp in exact mode [AD404]"), std::string::npos) << exact.output;
  EXPECT_NE(cuda.output.find("not of cuda in grid mode [AD404]"), std::string::npos) << cuda.output;
}

TEST(Build, without_a_compiler_the_user_is_told_what_to_install) {
  Place place;
  const Outcome out = place.build("model.cc", "CXX=no-such-compiler");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("error: no C++ compiler is installed, and a simulator needs one [AD440]"), std::string::npos) << out.output;
}

TEST(Build, without_a_generator_the_user_is_told) {
  Place place;
  const Outcome out = test::antidrome(place.scratch.path(), "build model.cc", "ANTIDROME_GEN=/nowhere/antidrome-gen");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("/nowhere/antidrome-gen: error: the generator 'antidrome-gen' is not there [AD442]"), std::string::npos) << out.output;
}

TEST(Build, without_a_compiler_of_kernels_the_user_is_told) {
  Place place;
  const Outcome out = place.build("model.cc --backend cuda -o dir", "ANTIDROME_KERNELS=/nowhere/antidrome-kernels");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("/nowhere/antidrome-kernels: error: the compiler of CUDA kernels 'antidrome-kernels' is not there [AD446]"), std::string::npos) << out.output;
}

TEST(Build, an_architecture_that_nobody_makes_is_told) {
  Place place;
  const Outcome out = place.build("model.cc --backend cuda --arch sm_99 -o dir");
  EXPECT_EQ(out.exit_code, 2);
  EXPECT_NE(out.output.find("[AD447]"), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("sm_99"), std::string::npos) << out.output;
}

TEST(Build, a_generator_that_is_no_program_is_told) {
  Place place;
  test::write(place.scratch / "gen", "\x7f" "ELF and nothing else");
  const Outcome out = place.build();
  EXPECT_EQ(out.exit_code, 74);
  EXPECT_NE(out.output.find("gen: error: the program cannot be started: "), std::string::npos) << out.output;
  EXPECT_NE(out.output.find("[AD443]"), std::string::npos) << out.output;
}

TEST(Build, an_unwritable_folder_is_told) {
  Place place;
  test::write(place.scratch / "file", "");
  const Outcome out = place.build("model.cc -o file/dir");
  EXPECT_EQ(out.exit_code, 74) << out.output;
  EXPECT_NE(out.output.find("[AD444]"), std::string::npos) << out.output;
}

}  // namespace
}  // namespace antidrome
