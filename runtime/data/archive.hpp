// Compressed files and archives, through libarchive: .gz, .xz, .zst, .bz2; tar and zip.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace antidrome::data {

/// Whether the file's name ends like a compressed one.
bool is_compressed(const std::filesystem::path& file);

/// A file in the folder for temporary files ($TMPDIR) that is removed in the end.
class TemporaryFile {
 public:
  TemporaryFile();   ///< throws DataError AD524 where there is none to be had
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void write(const void* data, std::size_t bytes);   ///< appends; throws DataError AD524

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

/// The content of a compressed file. Throws DataError AD510 (unreadable), AD511 (not compressed), AD512 (damaged or cut off), AD524 (no space for it).
std::unique_ptr<TemporaryFile> decompress(const std::filesystem::path& file);

}  // namespace antidrome::data
