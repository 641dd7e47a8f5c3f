// Bytes of a file, decompressed where it is gzip.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace antidrome::data {

/// The content of `file`. gzip is recognised by its first two bytes. Throws DataError AD510 (missing or unreadable), AD511 (named .gz, but
/// is not gzip) and AD512 (damaged or truncated gzip, with the offset in the compressed file).
std::vector<std::uint8_t> read_bytes(const std::filesystem::path& file);

}  // namespace antidrome::data
