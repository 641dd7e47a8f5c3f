#include "runtime/data/bytes.hpp"

#include "runtime/data/error.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace antidrome::data {
namespace {

struct CloseGz {
  void operator()(gzFile file) const { gzclose(file); }
};

[[noreturn]] void missing(const std::filesystem::path& file) {
  throw DataError("AD510", {file.string(), {}, {}}, fmt::format("cannot read the file: {}", std::strerror(errno)));
}

// The first two bytes, to tell gzip from anything else before zlib guesses.
void check_magic(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) {
    if (std::filesystem::is_directory(file)) errno = EISDIR;
    missing(file);
  }
  unsigned char first[2] = {0, 0};
  in.read(reinterpret_cast<char*>(first), 2);
  const bool gzip = first[0] == 0x1f && first[1] == 0x8b;
  if (!gzip && file.extension() == ".gz")
    throw DataError("AD511", {file.string(), {}, 0}, fmt::format("not a gzip file: it begins with bytes {:02x} {:02x}, expected 1f 8b", first[0], first[1]),
                    "download it again (a web page may have been saved in its place), or remove '.gz' from the name of an uncompressed file");
}

}  // namespace

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& file) {
  check_magic(file);
  errno = 0;
  const std::unique_ptr<gzFile_s, CloseGz> in(gzopen(file.c_str(), "rb"));  // reads what is not gzip as it is
  if (!in) missing(file);
  gzbuffer(in.get(), 1u << 18);
  std::vector<std::uint8_t> content;
  std::size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(std::max<std::size_t>(1u << 20, 2 * content.size()));
    const auto room = static_cast<unsigned>(std::min<std::size_t>(content.size() - used, 1u << 30));
    const int got = gzread(in.get(), content.data() + used, room);
    int code = Z_OK;
    std::string reason = gzerror(in.get(), &code);
    if (got < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) {
      const auto at = static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(in.get())));
      const bool cut = code == Z_BUF_ERROR;
      if (reason.starts_with(file.string() + ": ")) reason.erase(0, file.string().size() + 2);
      throw DataError("AD512", {file.string(), {}, at},
                      cut ? fmt::format("the gzip file ends too early, after {} bytes of content", used + static_cast<std::size_t>(std::max(got, 0)))
                          : fmt::format("the gzip file is damaged: {}", reason),
                      "copy or download the file again");
    }
    used += static_cast<std::size_t>(got);
    if (got == 0) break;
  }
  content.resize(used);
  content.shrink_to_fit();
  return content;
}

}  // namespace antidrome::data
