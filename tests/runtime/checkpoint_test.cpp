#include "runtime/train/checkpoint.hpp"
#include "tests/runtime/fake.hpp"

#include <limits>

namespace antidrome {
namespace {

using test::Scratch;

Checkpoint sample() {
  Checkpoint c;
  c.blocks["parameters/input_output.w"] = {2, 3, 4, {1, 2, 3, 4, 5, static_cast<double>(0.1f)}};
  c.blocks["optimiser/mean/input_output.w"] = {1, 1, 8, {0.1}};
  c.integers["progress/spikes"] = {1, 2, std::numeric_limits<std::uint64_t>::max()};
  c.numbers["progress/best"] = {-std::numeric_limits<double>::infinity()};
  c.texts["run/config"] = "train.batch = 32\n";
  c.texts["run/empty"] = "";
  return c;
}

TEST(Checkpoint, what_is_read_is_what_was_written) {
  const Scratch scratch;
  write_checkpoint(sample(), scratch / "a.h5");
  const Checkpoint c = read_checkpoint(scratch / "a.h5");
  EXPECT_EQ(c.block("parameters/input_output.w").values, sample().blocks["parameters/input_output.w"].values);
  EXPECT_EQ(c.block("parameters/input_output.w").rows, 2u);
  EXPECT_EQ(c.block("optimiser/mean/input_output.w").real_bytes, 8u);
  EXPECT_EQ(c.integers, sample().integers);
  EXPECT_EQ(c.numbers, sample().numbers);
  EXPECT_EQ(c.texts, sample().texts);
}

TEST(Checkpoint, equal_contents_are_equal_files) {
  const Scratch scratch;
  write_checkpoint(sample(), scratch / "a.h5");
  write_checkpoint(sample(), scratch / "b.h5");
  EXPECT_EQ(test::read(scratch / "a.h5"), test::read(scratch / "b.h5"));
}

TEST(Checkpoint, the_one_before_is_kept_and_no_temporary_file_is_left) {
  const Scratch scratch;
  Checkpoint c = sample();
  write_checkpoint(c, scratch / "last.h5", scratch / "previous.h5");
  EXPECT_FALSE(test::fs::exists(scratch / "previous.h5"));
  for (std::uint64_t k = 1; k <= 2; ++k) {
    c.integers["progress/epoch"] = {k};
    write_checkpoint(c, scratch / "last.h5", scratch / "previous.h5");
  }
  EXPECT_EQ(read_checkpoint(scratch / "last.h5").integer("progress/epoch"), 2u);
  EXPECT_EQ(read_checkpoint(scratch / "previous.h5").integer("progress/epoch"), 1u);
  EXPECT_FALSE(test::fs::exists(scratch / "last.h5.tmp"));
}

// Every truncation and a flipped bit anywhere in the data are noticed: never a crash, never a silent success.
TEST(Checkpoint, every_damage_is_noticed) {
  const Scratch scratch;
  write_checkpoint(sample(), scratch / "a.h5");
  const std::string whole = test::read(scratch / "a.h5");
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    test::write(scratch / "cut.h5", whole.substr(0, size));
    EXPECT_ANY_THROW(read_checkpoint(scratch / "cut.h5")) << size;
  }
  std::size_t noticed = 0, harmless = 0;
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    test::write(scratch / "flip.h5", damaged);
    try {  // a bit that no reader looks at (padding between objects) may pass, but then the contents are intact
      const Checkpoint c = read_checkpoint(scratch / "flip.h5");
      EXPECT_EQ(c.numbers, sample().numbers) << at;
      EXPECT_EQ(c.block("parameters/input_output.w").values, sample().blocks["parameters/input_output.w"].values) << at;
      EXPECT_EQ(c.texts, sample().texts) << at;
      ++harmless;
    } catch (const std::exception&) {
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 0u);
}

}  // namespace
}  // namespace antidrome
