// IDX: the format of MNIST and its relatives. A big-endian header {0, 0, type, rank, size of each dimension}, then the bytes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace antidrome::data {

struct IdxFile {
  std::filesystem::path path;
  std::vector<std::uint32_t> sizes;    ///< records first
  std::vector<std::uint8_t> content;   ///< with the header
  std::size_t header = 0;              ///< bytes of it

  std::uint32_t records() const { return sizes.front(); }
  std::size_t record_bytes() const;    ///< 784 for a 28 x 28 image, 1 for a label
  const std::uint8_t* record(std::size_t index) const { return content.data() + header + index * record_bytes(); }
};

/// Reads an IDX file of unsigned bytes with `rank` dimensions, gzip or not. Throws DataError: AD510..AD512 (see read_bytes),
/// AD513 (not such a file), AD514 (its length is not what the header says).
IdxFile read_idx(const std::filesystem::path& file, std::uint32_t rank);

/// The file of the four that make a set: `stem` is "train-images", "train-labels", "t10k-images" or "t10k-labels". Finds
/// FOLDER/train-images-idx3-ubyte.gz, the same uncompressed, and the spelling train-images.idx3-ubyte. `remedy` is told when none exists (AD510).
std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem, std::uint32_t rank, const std::string& remedy);

}  // namespace antidrome::data
