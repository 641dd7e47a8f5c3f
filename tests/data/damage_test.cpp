// Damaged files of every kind: a refusal that says where, or the documented policy; never a crash.
#include "tests/data/fuzz/corpus.hpp"

#include "tests/data/files.hpp"

#include <antidrome/philox.h>
#include <gtest/gtest.h>

namespace antidrome::data::test {
namespace {

class Damage : public testing::Test {
 protected:
  Folder folder;
  std::vector<Specimen> specimens = corpus(folder.path);
};

TEST_F(Damage, the_whole_files_are_read) {
  for (const Specimen& s : specimens) {
    const Outcome outcome = read_damaged(s, s.content);
    EXPECT_EQ(outcome.kind, Outcome::Kind::read) << s.name << ": " << outcome.message;
  }
}

TEST_F(Damage, a_file_that_is_cut_off_anywhere_is_refused_with_its_name) {
  for (const Specimen& s : specimens) {
    for (std::uint32_t k = 0; k < 100; ++k) {
      const std::size_t size = antidrome_philox4x32(k, 0, 0, 0, 1).word[0] % s.content.size();
      const Outcome outcome = read_damaged(s, {s.content.begin(), s.content.begin() + static_cast<std::ptrdiff_t>(size)});
      EXPECT_NE(outcome.kind, Outcome::Kind::died) << s.name << " cut to " << size << " bytes: " << outcome.message;
      if (s.tells_its_length) {
        EXPECT_EQ(outcome.kind, Outcome::Kind::refused) << s.name << " of " << s.content.size() << " bytes cut to " << size;
        EXPECT_NE(outcome.message.find(s.file.filename().string()), std::string::npos) << outcome.message;
      }
    }
  }
}

TEST_F(Damage, a_flipped_byte_never_kills_a_reader_of_ours) {
  for (const Specimen& s : specimens)
    for (std::uint32_t k = 0; k < 100; ++k) {
      std::vector<std::uint8_t> content = s.content;
      const antidrome_philox draw = antidrome_philox4x32(k, 0, 0, 0, 2);
      content[draw.word[0] % content.size()] ^= static_cast<std::uint8_t>(1 + draw.word[1] % 255);
      const Outcome outcome = read_damaged(s, content);
      EXPECT_TRUE(s.foreign_library || outcome.kind != Outcome::Kind::died) << s.name << ", draw " << k << ": " << outcome.message;
    }
}

}  // namespace
}  // namespace antidrome::data::test
