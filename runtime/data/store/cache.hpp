// Stores that are kept: a data set is read once, later runs map what was read.
#pragma once
#include "runtime/data/store/event_store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace antidrome::data {

/// Where stores are kept: $ANTIDROME_CACHE, else $XDG_CACHE_HOME/antidrome, else ~/.cache/antidrome.
std::filesystem::path cache_folder();

/// The SHA-256 of the content of `files`, in this order. The folder remembers it by the files' names, sizes and times, so that they
/// are hashed once. Throws DataError AD510 for a file that cannot be read.
std::string content_key(const std::vector<std::filesystem::path>& files, const std::filesystem::path& folder);

struct StoreRequest {
  std::string name;                                   ///< "shd": how the file's name begins
  std::vector<std::filesystem::path> sources;         ///< what is read
  std::string reader;                                 ///< "shd 1 units=700": the reader, its version, and the options that change what it makes
  std::function<void(int file, const std::string& key)> fill;   ///< writes the store, see EventStoreWriter
};

/// The store of these sources, from `folder` (empty: cache_folder()) or, at the first time and after any change of the sources,
/// of the reader or of the stored file, made by `fill` in a process of its own. Where the folder cannot be written the store lies in
/// memory, and `note` says so. Throws what `fill` throws.
std::shared_ptr<const EventStore> open_store(const StoreRequest& request, std::filesystem::path folder, std::string* note);

}  // namespace antidrome::data
