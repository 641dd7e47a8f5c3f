// Archives and arrays for the tests, made from bytes.
#pragma once
#include "tests/data/files.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstring>
#include <utility>

namespace antidrome::data::test {

/// A tar or zip file, by its name's ending; ".xz" and ".gz" compress it.
inline void put_archive(const std::filesystem::path& file, const std::vector<std::pair<std::string, Bytes>>& entries) {
  archive* a = archive_write_new();
  if (file.extension() == ".xz") archive_write_add_filter_xz(a);
  if (file.extension() == ".gz") archive_write_add_filter_gzip(a);
  if (file.extension() == ".zip" || file.extension() == ".npz") archive_write_set_format_zip(a);
  else archive_write_set_format_ustar(a);
  archive_write_open_filename(a, file.c_str());
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
}

/// A .npy file of numbers; `type` as NumPy writes it: "<i2".
template <class T>
Bytes npy(const std::string& type, const std::string& shape, const std::vector<T>& values) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header += std::string(128 - 10 - header.size() - 1, ' ') + '\n';
  const std::string start = std::string("\x93NUMPY\x01", 7) + '\0' + static_cast<char>(header.size()) + '\0' + header;
  Bytes out(start.size() + values.size() * sizeof(T));
  std::memcpy(out.data(), start.data(), start.size());
  if (!values.empty()) std::memcpy(out.data() + start.size(), values.data(), values.size() * sizeof(T));
  return out;
}

/// An event of five bytes.
inline void add_event(Bytes& out, std::uint8_t x, std::uint8_t y, bool on, std::uint32_t time_us) {
  for (const std::uint32_t byte : {std::uint32_t{x}, std::uint32_t{y}, (on ? 0x80u : 0u) | time_us >> 16, time_us >> 8, time_us}) out.push_back(static_cast<std::uint8_t>(byte));
}

struct PolarityEvent {
  std::uint32_t x, y, polarity, time_us;
  bool valid = true;
};

/// An AEDAT 3.1 file with one packet for each list.
inline Bytes aedat(const std::vector<std::vector<PolarityEvent>>& packets, std::uint32_t overflow = 0) {
  const std::string header = "#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n";
  Bytes out(header.begin(), header.end());
  const auto word = [&out](std::uint32_t v, int bytes = 4) {
    for (int k = 0; k < bytes; ++k) out.push_back(static_cast<std::uint8_t>(v >> 8 * k));
  };
  for (const std::vector<PolarityEvent>& events : packets) {
    const auto count = static_cast<std::uint32_t>(events.size());
    word(1, 2), word(1, 2), word(8), word(4), word(overflow), word(count), word(count), word(count);
    for (const PolarityEvent& e : events) word(e.x << 17 | e.y << 2 | e.polarity << 1 | (e.valid ? 1u : 0u)), word(e.time_us);
  }
  return out;
}

}  // namespace antidrome::data::test
