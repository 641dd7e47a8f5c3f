// Checkpoints: one HDF5 file with named arrays, numbers and texts, whole or not at all.
//
// A file is written under another name, synced and renamed, and the one it replaces stays as previous.h5: killing the process
// at any moment leaves a complete last.h5. A checksum over everything tells a damaged file from a good one.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace antidrome {

/// What a checkpoint holds, by path in the file ("parameters/input_hidden.w"). Equal contents are equal files.
struct Checkpoint {
  struct Block {
    std::uint64_t rows = 0, cols = 0;
    std::uint32_t real_bytes = 4;      ///< precision on disk; the values are exact in either
    std::vector<double> values;        ///< row-major, without padding
  };
  std::map<std::string, Block> blocks;
  std::map<std::string, std::vector<std::uint64_t>> integers;
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::string> texts;

  /// Access to what must be there; throws Failure (AD603) with the file's name otherwise.
  const Block& block(const std::string& path) const;
  std::uint64_t integer(const std::string& path) const;
  const std::vector<std::uint64_t>& integer_list(const std::string& path) const;
  const std::vector<double>& number_list(const std::string& path) const;
  const std::string& text(const std::string& path) const;
  std::string file;                    ///< where it was read from
};

/// Writes `file` atomically; what was there before is kept as `previous`, when that is not empty. Throws Failure (AD606).
void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file, const std::filesystem::path& previous = {});

/// Reads and verifies; throws Failure: AD605 no such file, AD603 truncated or damaged, AD607 of another format version.
Checkpoint read_checkpoint(const std::filesystem::path& file);

}  // namespace antidrome
