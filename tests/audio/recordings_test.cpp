#include "runtime/audio/recordings.hpp"

#include "tests/data/files.hpp"

#include <gtest/gtest.h>

namespace antidrome::audio {
namespace {

TEST(Recordings, names_tell_language_digit_speaker_and_take) {
  const RecordingSet set = named_recordings({"a/lang-german_speaker-03_trial-12_digit-1.flac", "lang-english_speaker-00_trial-0_digit-9.wav", "lang-english_speaker-03_trial-1_digit-1.wav"},
                                            "lang-%L_speaker-%S_trial-%T_digit-%D", {});
  EXPECT_EQ(set.header.keys, (std::vector<std::string>{"english-1", "english-9", "german-1"}));
  EXPECT_EQ(set.header.speakers.size(), 4u);   // numbers 0 to 3
  EXPECT_TRUE(set.header.takes);
  ASSERT_EQ(set.recordings.size(), 3u);
  EXPECT_EQ(set.recordings[0].label, 2);
  EXPECT_EQ(set.recordings[0].speaker, 3);
  EXPECT_EQ(set.recordings[0].take, 12);
  EXPECT_EQ(set.recordings[1].label, 1);
}

TEST(Recordings, a_list_has_its_columns_in_any_order_and_paths_beside_it) {
  const data::test::Folder folder;
  std::ofstream(folder.path / "list.csv") << "gender,label,path,speaker\r\nfemale,seven,x/1.wav,jo\r\n\r\nmale,one,/y/2.wav,al\r\n";
  const RecordingSet set = listed_recordings(folder.path / "list.csv", {"one", "two", "seven"});
  EXPECT_EQ(set.recordings[0].file, folder.path / "x/1.wav");
  EXPECT_EQ(set.recordings[1].file, "/y/2.wav");
  EXPECT_EQ(set.recordings[0].label, 2);
  EXPECT_EQ(set.recordings[1].label, 0);
  EXPECT_EQ(set.recordings[0].speaker, 1);   // al, jo
  EXPECT_EQ(set.header.speakers[1].gender, "female");
  EXPECT_FALSE(set.header.takes);
}

TEST(Recordings, numbers_are_classes_as_they_are) {
  const data::test::Folder folder;
  std::ofstream(folder.path / "list.csv") << "path,label\na.wav,10\nb.wav,2\n";
  const RecordingSet set = listed_recordings(folder.path / "list.csv", {});
  EXPECT_EQ(set.recordings[0].label, 10);
  EXPECT_EQ(set.recordings[1].label, 2);
  EXPECT_EQ(set.header.keys.size(), 11u);
  EXPECT_EQ(set.header.keys[10], "10");
}

}  // namespace
}  // namespace antidrome::audio
