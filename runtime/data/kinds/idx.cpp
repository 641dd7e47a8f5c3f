#include "runtime/data/kinds/idx.hpp"

#include "runtime/data/bytes.hpp"
#include "runtime/data/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <numeric>

namespace antidrome::data {
namespace {

std::uint32_t big_endian(const std::uint8_t* at) { return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3]; }

}  // namespace

std::size_t IdxFile::record_bytes() const {
  return std::accumulate(sizes.begin() + 1, sizes.end(), std::size_t{1}, std::multiplies<>());
}

IdxFile read_idx(const std::filesystem::path& file, std::uint32_t rank) {
  IdxFile out{file, {}, read_bytes(file), 4 + 4 * std::size_t{rank}};
  const std::vector<std::uint8_t>& c = out.content;
  const std::uint32_t expected = 0x800 + rank;
  const char* kind = rank == 1 ? "labels" : "images";
  if (c.size() < 4)
    throw DataError("AD513", {file.string(), {}, 0}, fmt::format("the file has {} bytes, too few for an IDX header", c.size()), "copy or download the file again");
  if (const std::uint32_t magic = big_endian(c.data()); magic != expected)
    throw DataError("AD513", {file.string(), {}, 0}, fmt::format("not an IDX file of {}: its magic number is 0x{:08x}, expected 0x{:08x}", kind, magic, expected),
                    magic == 0x801 ? "this is a file of labels: exchange the two files" : magic == 0x803 ? "this is a file of images: exchange the two files" : "");
  if (c.size() < out.header)
    throw DataError("AD514", {file.string(), {}, c.size()}, fmt::format("the IDX header ends after {} bytes, expected {}", c.size(), out.header), "copy or download the file again");
  for (std::uint32_t d = 0; d < rank; ++d) out.sizes.push_back(big_endian(c.data() + 4 + 4 * d));
  // A product of two 32-bit sizes fits 64 bits; the number of records is compared by division, which cannot overflow.
  const std::size_t record = out.record_bytes(), held = c.size() - out.header;
  if (record != 0 && held / record == out.records() && held % record == 0) return out;
  if (record == 0 && held == 0) return out;
  const std::size_t whole = record == 0 ? 0 : held / record;
  DataError::Place at{file.string(), {}, c.size()};
  if (whole < out.records()) at.record = whole;
  throw DataError("AD514", at, fmt::format("the file holds {} bytes of {}, its header announces {} records of {} bytes ({})", held, kind, out.records(), record, fmt::join(out.sizes, " x ")),
                  "copy or download the file again");
}

std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem, std::uint32_t rank, const std::string& remedy) {
  const std::string dash = fmt::format("{}-idx{}-ubyte", stem, rank), dot = fmt::format("{}.idx{}-ubyte", stem, rank);
  for (const std::string& name : {dash + ".gz", dash, dot, dot + ".gz"})
    if (std::filesystem::exists(folder / name)) return folder / name;
  throw DataError("AD510", {(folder / (dash + ".gz")).string(), {}, {}}, "the file does not exist", remedy);
}

}  // namespace antidrome::data
