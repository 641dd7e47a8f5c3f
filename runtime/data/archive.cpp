#include "runtime/data/archive.hpp"

#include "runtime/data/error.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace antidrome::data {
namespace {

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

std::string reason(archive* a) {
  const char* text = archive_error_string(a);
  return text == nullptr ? "unknown reason" : text;
}

[[noreturn]] void damaged(const std::filesystem::path& file, archive* a) {
  const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(0, archive_filter_bytes(a, -1)));
  throw DataError("AD512", {file.string(), {}, at}, fmt::format("the compressed file is damaged or ends too early: {}", reason(a)), "copy or download the file again");
}

Reader open_file(const std::filesystem::path& file) {
  if (::access(file.c_str(), R_OK) != 0) throw DataError("AD510", {file.string(), {}, {}}, fmt::format("cannot read the file: {}", std::strerror(errno)));
  Reader reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  return reader;
}

}  // namespace

TemporaryFile::TemporaryFile() {
  std::string name = (std::filesystem::temp_directory_path() / "antidrome-XXXXXX").string();
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  path_ = name;
  if (file_ < 0) throw DataError("AD524", {name, {}, {}}, fmt::format("cannot write a temporary file: {}", std::strerror(errno)), "set TMPDIR to a folder with space");
}

TemporaryFile::~TemporaryFile() {
  ::close(file_);
  ::unlink(path_.c_str());
}

void TemporaryFile::write(const void* data, std::size_t bytes) {
  for (const auto* from = static_cast<const char*>(data); bytes > 0;) {
    const ssize_t got = ::write(file_, from, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw DataError("AD524", {path_.string(), {}, {}}, fmt::format("cannot write a temporary file: {}", std::strerror(errno)), "set TMPDIR to a folder with space");
    from += got, bytes -= static_cast<std::size_t>(got);
  }
}

bool is_compressed(const std::filesystem::path& file) {
  constexpr std::array<std::string_view, 4> endings{".gz", ".xz", ".zst", ".bz2"};
  const std::string ending = file.extension().string();
  for (const std::string_view e : endings)
    if (ending == e) return true;
  return false;
}

bool is_archive(const std::filesystem::path& file) {
  const std::filesystem::path inner = is_compressed(file) ? file.stem().extension() : file.extension();
  const std::string ending = inner.string();
  return ending == ".tar" || ending == ".tgz" || ending == ".txz" || ending == ".zip" || ending == ".npz";
}

void for_each_entry(const std::filesystem::path& file, std::size_t at_most, const std::function<void(const std::string& name, const std::vector<std::uint8_t>& content)>& visit) {
  const Reader reader = open_file(file);
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip_seekable(reader.get());   // by its directory: without one the archive has been cut off
  if (archive_read_open_filename(reader.get(), file.c_str(), 1u << 18) != ARCHIVE_OK) damaged(file, reader.get());
  std::vector<std::uint8_t> content;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    if (status != ARCHIVE_OK) damaged(file, reader.get());
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const char* path = archive_entry_pathname(entry);
    const std::string name = path == nullptr ? "" : path;
    content.clear();
    for (;;) {
      const std::size_t used = content.size();
      content.resize(used + (1u << 16));
      const la_ssize_t got = archive_read_data(reader.get(), content.data() + used, 1u << 16);
      if (got < 0) damaged(file, reader.get());
      content.resize(used + static_cast<std::size_t>(got));
      if (content.size() > at_most)
        throw DataError("AD512", {file.string(), {}, {}}, fmt::format("'{}' in the archive is longer than {} bytes", name, at_most), "copy or download the file again");
      if (got == 0) break;
    }
    visit(name, content);
  }
}

std::unique_ptr<TemporaryFile> decompress(const std::filesystem::path& file) {
  const Reader reader = open_file(file);
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(reader.get(), file.c_str(), 1u << 18) != ARCHIVE_OK || archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) damaged(file, reader.get());
  if (archive_filter_count(reader.get()) < 2)
    throw DataError("AD511", {file.string(), {}, 0}, fmt::format("not a compressed file, although its name ends with '{}'", file.extension().string()),
                    "download it again (a web page may have been saved in its place), or remove the ending from the name of an uncompressed file");
  auto out = std::make_unique<TemporaryFile>();
  for (;;) {
    const void* part = nullptr;
    std::size_t bytes = 0;
    std::int64_t offset = 0;
    const int status = archive_read_data_block(reader.get(), &part, &bytes, &offset);
    if (status == ARCHIVE_EOF) return out;
    if (status != ARCHIVE_OK) damaged(file, reader.get());
    out->write(part, bytes);
  }
}

}  // namespace antidrome::data
