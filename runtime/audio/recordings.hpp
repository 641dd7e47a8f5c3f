// Which sound files there are, and what each of them says: from a list, or from the names of the files.
#pragma once
#include "runtime/audio/encode.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace antidrome::audio {

struct RecordingSet {
  std::vector<Recording> recordings;
  data::ShdHeader header;   ///< keys, speakers and whether takes are known; `source` is left to the caller
};

/// A CSV file with the columns path, label, speaker, take, gender in any order, named in its first line; path and label are needed.
/// Paths are relative to the list. No field holds a comma.
///
/// Labels that are all whole numbers are the classes themselves; others are names, whose class is their place among `keys`, or among
/// the sorted names where no keys are given. Speakers likewise. Throws data::DataError AD556.
RecordingSet listed_recordings(const std::filesystem::path& list, const std::vector<std::string>& keys);

/// What the names say, without folder and extension: "lang-%L_speaker-%S_trial-%T_digit-%D" finds the label (%D), the language, which goes
/// before the label ("english-7"), the speaker and the take; each is letters and digits. Throws data::DataError AD557.
RecordingSet named_recordings(const std::vector<std::string>& files, const std::string& pattern, const std::vector<std::string>& keys);

}  // namespace antidrome::audio
