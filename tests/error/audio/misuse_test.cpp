// One wrong sound, list or name per row: what the user is told.
#include "runtime/audio/recordings.hpp"
#include "runtime/data/error.hpp"
#include "tests/audio/sounds.hpp"
#include "tests/data/files.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <limits>

namespace antidrome::audio {
namespace {

namespace fs = std::filesystem;

struct Misuse {
  const char* what;
  std::function<void(const fs::path& folder)> do_it;
  std::string expected;   // what(), with FOLDER for the folder
};

void put_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
void list(const fs::path& folder, const std::string& text, const std::vector<std::string>& keys = {}) {
  put_text(folder / "list.csv", text);
  listed_recordings(folder / "list.csv", keys);
}

const Misuse table[] = {
    {"a file that is not there", [](auto& f) { read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: the sound file cannot be opened: no such file or directory [AD551]\n  remedy: check the path; those in a list are relative to the list"},
    {"a folder", [](auto& f) { read_sound(f); }, "FOLDER: error: the sound file cannot be opened: it is a folder [AD551]\n  remedy: name its files, for example FOLDER/*.wav"},
    {"not a sound", [](auto& f) { put_text(f / "a.wav", "This is a letter."); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: not a sound file that can be read: format not recognised [AD552]\n  remedy: convert it to WAV or FLAC"},
    {"an empty file", [](auto& f) { put_text(f / "a.wav", ""); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: not a sound file that can be read: format not recognised [AD552]\n  remedy: convert it to WAV or FLAC"},
    {"a truncated file", [](auto& f) { test::put_wav(f / "a.wav", test::tone(400, 0.1, 8000)); fs::resize_file(f / "a.wav", 1000); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: the file is truncated: 956 of 1600 bytes of sound are there [AD552]\n  remedy: get the file again"},
    {"an impossible rate", [](auto& f) { test::put_wav(f / "a.wav", test::tone(4, 10, 100)); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: 100 samples per second in 1 channels, expected [4000, 768000] in at least one [AD552]\n  remedy: convert it to 48 kHz"},
    {"no samples", [](auto& f) { test::put_wav(f / "a.wav", test::tone(400, 0, 8000)); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: the sound lasts 0 ms, expected at least 20 [AD553]\n  remedy: leave the file out, or record it again"},
    {"too long", [](auto& f) { test::put_wav(f / "a.wav", test::tone(400, 12, 8000)); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: the sound lasts 12 s, expected at most 10 [AD553]\n  remedy: cut it into pieces, one for each word"},
    {"silence", [](auto& f) { test::put_wav(f / "a.wav", test::tone(0, 0.5, 8000)); read_sound(f / "a.wav"); },
     "FOLDER/a.wav: error: the sound is silent [AD554]\n  remedy: leave the file out: what is scaled to a common loudness must not be zero"},
    {"several wrong files", [](auto& f) {
       test::put_wav(f / "a.wav", test::tone(0, 0.5, 8000));
       std::vector<Recording> files(10, Recording{.file = f / "gone.wav"});
       files[1].file = f / "a.wav";
       encode(files, {.keys = {"x"}, .speakers = {{}}, .source = ""}, f / "out.h5", {});
     },
     "error: 10 of 10 sound files cannot be used:\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]\n  FOLDER/a.wav: the sound is silent [AD554]"
     "\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]"
     "\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]"
     "\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]\n  FOLDER/gone.wav: the sound file cannot be opened: no such file or directory [AD551]"
     "\n  and 2 more [AD555]\n  remedy: mend them or leave them out; nothing was written"},
    {"no list", [](auto& f) { listed_recordings(f / "list.csv", {}); },
     "FOLDER/list.csv: error: the list cannot be read or is empty [AD556]\n  remedy: give a CSV file that begins with a line such as path,label,speaker,take"},
    {"unknown column", [](auto& f) { list(f, "path,lable\n"); },
     "FOLDER/list.csv: error: unknown or repeated column 'lable' [AD556]\n  remedy: the first line names columns out of path, label, speaker, take, gender"},
    {"no label column", [](auto& f) { list(f, "path,take\n"); }, "FOLDER/list.csv: error: the column 'label' is missing [AD556]\n  remedy: begin the list with a line such as path,label,speaker,take"},
    {"a field too many", [](auto& f) { list(f, "path,label\na.wav,1\nb.wav,1,2\n"); },
     "FOLDER/list.csv: record 2: error: 3 fields, expected 2 [AD556]\n  remedy: one line per recording, no commas within fields"},
    {"no path", [](auto& f) { list(f, "path,label\n,1\n"); }, "FOLDER/list.csv: record 1: error: a recording without path or label [AD556]\n  remedy: give both"},
    {"no recording", [](auto& f) { list(f, "path,label\n"); }, "FOLDER/list.csv: error: the list names no recording [AD556]\n  remedy: one line per recording after the first"},
    {"a take that is no number", [](auto& f) { list(f, "path,label,take\na.wav,1,first\n"); },
     "FOLDER/list.csv: record 1: error: the take 'first' is not a whole number in [0, 65536) [AD556]\n  remedy: count the repetitions of a word by a speaker"},
    {"a label that is no key", [](auto& f) { list(f, "path,label\na.wav,one\nb.wav,tow\n", {"one", "two"}); },
     "FOLDER/list.csv: record 2: error: the label 'tow' is not one of the 2 keys [AD556]\n  remedy: the keys are one, two"},
    {"a pattern without label", [](auto&) { named_recordings({"a.wav"}, "%S", {}); },
     "error: the pattern '%S' says nothing about the label [AD557]\n  remedy: write %D where the label is, as in lang-%L_speaker-%S_trial-%T_digit-%D"},
    {"an unknown placeholder", [](auto&) { named_recordings({"a.wav"}, "%D_%X", {}); },
     "error: the pattern '%D_%X' has an unknown or repeated placeholder [AD557]\n  remedy: use each of %D (label), %L (language), %S (speaker), %T (take) at most once"},
    {"a name that does not fit", [](auto&) { named_recordings({"x/a.wav"}, "%S_%D", {}); },
     "x/a.wav: error: the name 'a' does not fit the pattern '%S_%D' [AD557]\n  remedy: leave the file out, or name the files in a list (--list)"},
};

TEST(AudioMisuse, says_what_is_wrong_where_and_what_to_do) {
  for (const Misuse& row : table) {
    const data::test::Folder folder;
    std::string told = "nothing";
    try {
      row.do_it(folder.path);
    } catch (const data::DataError& error) {
      told = error.what();
      EXPECT_EQ(error.exit_code(), 74) << row.what;
    }
    for (std::size_t at; (at = told.find(folder.path.string())) != std::string::npos;) told.replace(at, folder.path.string().size(), "FOLDER");
    EXPECT_EQ(told, row.expected) << row.what;
    EXPECT_FALSE(fs::exists(folder.path / "out.h5"));
  }
}

// A FLAC file that is cut or has a wrong byte somewhere: an error, or a sound whose damage cannot be seen, but never a crash.
TEST(AudioMisuse, a_damaged_flac_never_crashes) {
  const fs::path source = data::test::data_folder() / "lauscher_ref" / "spoken_digit.flac";
  if (!fs::exists(source)) GTEST_SKIP() << "SKIP: " << source << " is not there";
  const data::test::Folder folder;
  const fs::path file = folder.path / "a.flac";
  const auto size = fs::file_size(source);
  for (std::uintmax_t k = 0; k < 60; ++k) {
    fs::copy_file(source, file, fs::copy_options::overwrite_existing);
    const std::uintmax_t at = size * k / 60;
    if (k % 2 == 0) {
      fs::resize_file(file, at);
      EXPECT_THROW(read_sound(file), data::DataError) << at;
    } else {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put('\x5a');
      bytes.close();
      try {
        EXPECT_GT(read_sound(file).samples.size(), 0u);
      } catch (const data::DataError&) {
      }
    }
  }
}

}  // namespace
}  // namespace antidrome::audio
