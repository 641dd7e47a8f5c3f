// Any data set as a file that other programs read.
#pragma once
#include "runtime/data/dataset.hpp"

#include <filesystem>
#include <string>

namespace antidrome::data {

struct Converted {
  std::uint64_t samples = 0, events = 0;
  bool half = false;   ///< times are stored in half precision, which is exact for them; otherwise in double precision
};

/// Writes all samples in the layout of the Spiking Heidelberg Digits (shd_writer.hpp). Units of several sources follow each other. Classes, groups
/// (as speakers) and takes are kept; `source` says what the data are. Augmentations, dropout and the end of the trial play no part.
/// Throws DataError AD516 for a sample without a label, AD518 for more than 65536 units, AD550 where the file cannot be written.
Converted convert_to_shd(const Dataset& data, const std::string& source, const std::filesystem::path& file);

}  // namespace antidrome::data
