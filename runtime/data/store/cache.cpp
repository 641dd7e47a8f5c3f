#include "runtime/data/store/cache.hpp"

#include "runtime/data/store/guarded.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int id) : id_(id) {}
  ~Descriptor() {
    if (id_ >= 0) ::close(id_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return id_; }

 private:
  int id_;
};

[[noreturn]] void unreadable(const fs::path& file) {
  throw DataError("AD510", {file.string(), {}, {}}, fmt::format("cannot read the file: {}", std::strerror(errno)));
}

std::string sha256_of(const std::string& text) {
  Sha256 sum;
  sum.add(text.data(), text.size());
  return sum.hex();
}

void hash_file(const fs::path& file, Sha256& into) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) unreadable(file);
  std::vector<std::uint8_t> part(1u << 18);
  std::uint64_t bytes = 0;
  for (;;) {
    const ssize_t got = ::read(in.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) unreadable(file);
    if (got == 0) break;
    into.add(part.data(), static_cast<std::size_t>(got));
    bytes += static_cast<std::uint64_t>(got);
  }
  into.add(&bytes, sizeof bytes);  // so that the border between two files counts
}

/// What a memory of a file is good for: as long as names, sizes and times of change are these.
struct Identity {
  std::string text;
  bool settled = true;   // no file changed within the last seconds: another change would leave a trace in the times
};

Identity identity(const std::vector<fs::path>& files) {
  Identity out;
  for (const fs::path& file : files) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) unreadable(file);
    if (S_ISDIR(status.st_mode)) errno = EISDIR, unreadable(file);
    out.text += fmt::format("{}\n{} {} {} {}\n", fs::absolute(file).string(), status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino);
    out.settled = out.settled && status.st_mtim.tv_sec + 2 < std::time(nullptr);
  }
  return out;
}

fs::path memory_of(const std::string& identity_text, const fs::path& folder) { return folder / "known" / sha256_of(identity_text).substr(0, 32); }

std::string recall(const Identity& files, const fs::path& folder) {
  std::ifstream in(memory_of(files.text, folder));
  std::string key;
  in >> key;
  return key.size() == 64 ? key : std::string();
}

// Not being able to remember costs time only.
void remember(const Identity& files, const fs::path& folder, const std::string& key) {
  if (!files.settled) return;
  std::error_code ignored;
  const fs::path file = memory_of(files.text, folder), temporary = fmt::format("{}.{}", file.string(), ::getpid());
  fs::create_directories(file.parent_path(), ignored);
  bool written = false;
  {
    std::ofstream out(temporary);
    out << key << '\n';
    written = static_cast<bool>(out.flush());
  }
  if (written) fs::rename(temporary, file, ignored);
  else fs::remove(temporary, ignored);
}

/// The stored file, if it is whole and made for `key`. Its events are compared with their checksum when the file is not one that was
/// found whole before.
std::shared_ptr<const EventStore> open_kept(const fs::path& file, const std::string& key, const fs::path& folder) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return nullptr;
  try {
    const Identity self = identity({file});
    const bool whole_before = recall(self, folder) == key;
    auto store = std::make_shared<EventStore>(in.get(), file.string(), key, !whole_before);
    if (!whole_before) remember(self, folder, key);
    return store;
  } catch (const DataError&) {
    return nullptr;  // it is made again
  }
}

/// Seconds of processor time that reading may take: a hundred times what it takes, so that only a reader that goes round in circles needs them.
std::uint64_t limit_of(const StoreRequest& request) {
  std::uint64_t bytes = 0;
  for (const fs::path& file : request.sources) bytes += fs::file_size(file);
  return 5 + 4 * (bytes >> 20);
}

/// Written beside, synced and renamed, so that a run sees a whole file or none. Returns what went wrong with the folder, if anything.
std::optional<std::string> make_kept(const fs::path& file, const std::string& key, const StoreRequest& request) {
  std::error_code failure;
  fs::create_directories(file.parent_path(), failure);
  if (failure) return fmt::format("cannot make the folder '{}': {}", file.parent_path().string(), failure.message());
  std::string temporary = file.string() + ".XXXXXX";
  const Descriptor out(::mkostemp(temporary.data(), O_CLOEXEC));
  if (out.get() < 0) return fmt::format("cannot write into '{}': {}", file.parent_path().string(), std::strerror(errno));
  try {
    guarded(request.sources.front().string(), limit_of(request), [&] { request.fill(out.get(), key); });
  } catch (const DataError& error) {
    ::unlink(temporary.c_str());
    if (error.code == "AD524") return error.message;
    throw;
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  ::fchmod(out.get(), 0644);
  if (::rename(temporary.c_str(), file.c_str()) == 0) return {};
  ::unlink(temporary.c_str());
  return fmt::format("cannot write '{}': {}", file.string(), std::strerror(errno));
}

std::shared_ptr<const EventStore> make_in_memory(const std::string& key, const StoreRequest& request) {
  const Descriptor out(::memfd_create("antidrome events", MFD_CLOEXEC));
  if (out.get() < 0) throw DataError("AD524", {request.sources.front().string(), {}, {}}, fmt::format("no memory for the events: {}", std::strerror(errno)));
  guarded(request.sources.front().string(), limit_of(request), [&] { request.fill(out.get(), key); });
  return std::make_shared<EventStore>(out.get(), "events in memory", key, false);
}

}  // namespace

fs::path cache_folder() {
  const auto of = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? fs::path(value) : fs::path();
  };
  if (const fs::path own = of("ANTIDROME_CACHE"); !own.empty()) return own;
  if (const fs::path caches = of("XDG_CACHE_HOME"); !caches.empty()) return caches / "antidrome";
  const fs::path home = of("HOME");
  return (home.empty() ? fs::temp_directory_path() : home / ".cache") / "antidrome";
}

std::string content_key(const std::vector<fs::path>& files, const fs::path& folder) {
  const Identity now = identity(files);
  if (std::string known = recall(now, folder); !known.empty()) return known;
  Sha256 sum;
  for (const fs::path& file : files) hash_file(file, sum);
  std::string key = sum.hex();
  remember(now, folder, key);
  return key;
}

std::shared_ptr<const EventStore> open_store(const StoreRequest& request, fs::path folder, std::string* note) {
  if (folder.empty()) folder = cache_folder();
  const std::string key = sha256_of(fmt::format("{}\n{}", request.reader, content_key(request.sources, folder)));
  const fs::path file = folder / fmt::format("{}-{}.events", request.name, key.substr(0, 16));
  if (auto kept = open_kept(file, key, folder)) return kept;
  const std::optional<std::string> failure = make_kept(file, key, request);
  if (!failure)
    if (auto kept = open_kept(file, key, folder)) return kept;
  if (note != nullptr) *note = fmt::format("events are held in memory and read anew by every run, because they cannot be kept: {}", failure.value_or("the file vanished"));
  return make_in_memory(key, request);
}

}  // namespace antidrome::data
