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

/// Whether the file's name ends like that of an archive: .tar, .tar.gz, .tgz, .zip, .npz and so on.
bool is_archive(const std::filesystem::path& file);

/// Calls `visit` with the name and the content of every file in a tar or zip archive, compressed or not, in the order of the archive.
/// An entry of more than `at_most` bytes is an error. Throws DataError as decompress() does.
void for_each_entry(const std::filesystem::path& file, std::size_t at_most, const std::function<void(const std::string& name, const std::vector<std::uint8_t>& content)>& visit);

/// The content of a compressed file. Throws DataError AD510 (unreadable), AD511 (not compressed), AD512 (damaged or cut off), AD524 (no space for it).
std::unique_ptr<TemporaryFile> decompress(const std::filesystem::path& file);

}  // namespace antidrome::data
