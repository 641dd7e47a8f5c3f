// Files that are only touched when they change, so that what was built from them stays up to date.
#pragma once
#include <filesystem>
#include <string_view>

namespace antidrome::driver {

/// Writes through a temporary file and renames; does nothing when the content is the same. False when it cannot.
bool write_if_changed(const std::filesystem::path& file, std::string_view content);

}  // namespace antidrome::driver
