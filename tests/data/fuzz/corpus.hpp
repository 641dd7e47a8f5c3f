// One small, valid file of every kind that is read, so that it can be damaged.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace antidrome::data::test {

struct Specimen {
  std::string name;                    ///< "shd.h5.xz"
  std::function<void()> read;          ///< reads all that is in it
  std::filesystem::path file;          ///< what is damaged
  std::vector<std::uint8_t> content;   ///< of the file, undamaged
  bool tells_its_length = true;        ///< every file that is cut short can be told from a whole one
  bool foreign_library = false;        ///< read by a library that may not survive damage: the reader's process may crash
};

/// Writes the files under `folder`, each in a folder of its own. Caches are switched off, but for the one specimen that is a cache: stores lie in memory.
std::vector<Specimen> corpus(const std::filesystem::path& folder);

/// What became of reading.
struct Outcome {
  enum class Kind { read, refused, died } kind = Kind::read;
  std::string message;
};

/// Writes `content` in place of the specimen's file and reads it: of data sets every sample of every split, and batches of them. A DataError is
/// a refusal, a crash of the reader's process is death, anything else is thrown.
Outcome read_damaged(const Specimen& specimen, const std::vector<std::uint8_t>& content);

/// A damaged copy, as a function of `seed`: bits flipped, bytes replaced by telling ones, pieces cut out, doubled or moved, the end cut off.
std::vector<std::uint8_t> damaged(const std::vector<std::uint8_t>& content, std::uint64_t seed);

}  // namespace antidrome::data::test
