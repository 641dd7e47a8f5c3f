// Files that are only touched when they change, so that what was built from them stays up to date.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace antidrome::driver {

/// FNV-1a, 64 bits, hexadecimal: the hash of every file and fingerprint.
std::string hash_text(std::string_view text);

/// Writes through a temporary file and renames; does nothing when the content is the same. False when it cannot.
bool write_if_changed(const std::filesystem::path& file, std::string_view content);

}  // namespace antidrome::driver
