// Writes event files in the layout of the Spiking Heidelberg Digits (Cramer, Stradmann, Schemmel & Zenke 2020):
//   spikes/times  variable length, float16, s      labels          uint8 (uint16 where needed)
//   spikes/units  variable length, uint16          extra/speaker   uint8 (uint16 where needed)
//   extra/keys    text: the name of each class     extra/meta_info/{gender, age, body_height} of each speaker
// and, beyond that layout, extra/take (uint16) where takes are known, and the attributes `source`, which says what the data are,
// `units` and `speaker_names`, where they are known.
#pragma once
#include "runtime/data/hdf5_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace antidrome::data {

struct ShdSpeaker {
  std::string gender = {};        ///< "male", "female" or "" for unknown
  std::uint8_t age = 0;           ///< years; 0: unknown
  std::uint8_t body_height = 0;   ///< cm; 0: unknown
  std::string name = {};          ///< may be empty; without commas
};

/// What a file says of all its samples.
struct ShdHeader {
  std::vector<std::string> keys;       ///< class -> its name
  std::vector<ShdSpeaker> speakers;    ///< empty: samples do not know theirs
  std::string source;                  ///< one sentence: where these spikes come from
  bool takes = false;                  ///< samples know which repetition they are
  std::uint32_t units = 0;             ///< number of units; 0: not told
  bool half = true;                    ///< times in half precision; false: in double precision
};

/// One sample. Times are sorted; equal lengths.
struct ShdSample {
  std::vector<double> times_s;
  std::vector<std::uint16_t> units;
  std::uint16_t label = 0, speaker = 0, take = 0;
};

/// A file of `samples` samples, which may be written in any order, each once. The file has its name only after finish(): it is
/// written beside it and renamed, and removed when the writer goes without finish(). Throws DataError (AD550) when it
/// cannot be written, std::invalid_argument for a sample that is none. One thread at a time.
class ShdWriter {
 public:
  ShdWriter(std::filesystem::path file, std::size_t samples, ShdHeader header);
  ~ShdWriter();
  ShdWriter(const ShdWriter&) = delete;
  ShdWriter& operator=(const ShdWriter&) = delete;

  void write(std::size_t index, const ShdSample& sample);
  void finish();

 private:
  void write_all();

  std::filesystem::path file_, temporary_;
  ShdHeader header_;
  std::vector<std::uint16_t> labels_, speakers_, takes_;
  std::size_t missing_;
  std::uint64_t reserved_ = 0;   // bytes on the disk
  std::vector<bool> written_;
  H5Handle hdf5_, times_, units_, times_type_, units_type_;
};

}  // namespace antidrome::data
