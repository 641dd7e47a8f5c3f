#include "runtime/data/store/event_store.hpp"

#include "runtime/data/store/half.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace antidrome::data {
namespace {

static_assert(std::endian::native == std::endian::little, "stores are little endian");

constexpr char magic[8] = {'A', 'D', 'E', 'V', 'E', 'N', 'T', '1'};

struct Header {
  char magic[8];
  char key[64];                    // SHA-256 in hexadecimal, like the others
  char content[64], tables[64];    // checksums of the blocks, of the rest
  std::uint64_t samples, events, tables_at, bytes;
  std::uint32_t units, element;
  double multiply, divide;
  char header[64];                 // checksum of all of the above
};
static_assert(sizeof(Header) == 8 + 4 * 64 + 4 * 8 + 8 + 16 && sizeof(Header) % 8 == 0);

std::string checksum(const void* data, std::size_t bytes) {
  Sha256 sum;
  sum.add(data, bytes);
  return sum.hex();
}

template <class T>
std::size_t bytes_in(const std::vector<T>& v) { return v.size() * sizeof(T); }
std::size_t padded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

bool representable(double time, TimeElement element) {
  switch (element) {
    case TimeElement::float16: return time <= 65504 && static_cast<double>(from_half(to_half(time))) == time;
    case TimeElement::float32: return static_cast<double>(static_cast<float>(time)) == time;
    case TimeElement::uint32: return time <= 4294967295.0 && std::floor(time) == time;
    case TimeElement::float64: return true;
  }
  return false;
}

template <class T, class Convert>
void encode(const std::vector<RawEvent>& events, std::vector<std::uint8_t>& into, Convert convert) {
  for (const RawEvent& event : events) {
    const T value = convert(event.time);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    into.insert(into.end(), bytes, bytes + sizeof value);
  }
}

template <class T, class Convert>
void decode(const std::uint8_t* from, const StoreTraits& traits, std::vector<double>& into, Convert convert) {
  const T* values = reinterpret_cast<const T*>(from);
  for (std::size_t k = 0; k < into.size(); ++k) into[k] = static_cast<double>(convert(values[k])) * traits.multiply / traits.divide;
}

}  // namespace

std::size_t bytes_of(TimeElement element) {
  switch (element) {
    case TimeElement::float16: return 2;
    case TimeElement::float32: case TimeElement::uint32: return 4;
    case TimeElement::float64: return 8;
  }
  return 8;
}

EventStoreWriter::EventStoreWriter(int file, std::string name, std::string key, StoreTraits traits)
    : file_(file), name_(std::move(name)), key_(std::move(key)), traits_(traits) {
  const Header empty{};  // its place: written again at the end, when it is known
  buffer_.insert(buffer_.end(), reinterpret_cast<const std::uint8_t*>(&empty), reinterpret_cast<const std::uint8_t*>(&empty) + sizeof empty);
}

void EventStoreWriter::put(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  buffer_.insert(buffer_.end(), from, from + bytes);
  if (buffer_.size() >= 1u << 20) flush();
}

void EventStoreWriter::flush() {
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t got = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw DataError("AD524", {name_, {}, {}}, fmt::format("cannot write the cache of events: {}", std::strerror(got < 0 ? errno : ENOSPC)), "free some space, or set ANTIDROME_CACHE to a folder on another disk");
    done += static_cast<std::size_t>(got);
  }
  written_ += buffer_.size();
  buffer_.clear();
}

void EventStoreWriter::add(const SampleInfo& info, std::vector<RawEvent>& events, const DataError::Place& source) {
  for (const RawEvent& e : events) {
    if (!(e.time >= 0) || !std::isfinite(e.time))
      throw DataError("AD519", source, fmt::format("an event at time {}", e.time), "times are numbers of at least 0");
    if (e.unit >= traits_.units)
      throw DataError("AD520", source, fmt::format("event of unit {}, expected [0, {})", e.unit, traits_.units), "set 'units', if the data set has more of them");
    if (!representable(e.time, traits_.element))
      throw DataError("AD519", source, fmt::format("time {} is not of the type that the file announces", e.time), "convert the file again");
  }
  const auto earlier = [](const RawEvent& a, const RawEvent& b) { return a.time < b.time; };
  if (!std::is_sorted(events.begin(), events.end(), earlier)) ++unsorted_;
  std::sort(events.begin(), events.end(), [](const RawEvent& a, const RawEvent& b) { return a.time != b.time ? a.time < b.time : a.unit < b.unit; });

  begin_.push_back(written_ + buffer_.size());
  count_.push_back(static_cast<std::uint32_t>(events.size()));
  labels_.push_back(info.label), groups_.push_back(info.group), takes_.push_back(info.take);
  events_ += events.size();
  std::vector<std::uint8_t> block;
  block.reserve(events.size() * (bytes_of(traits_.element) + 2) + 8);
  switch (traits_.element) {
    case TimeElement::float16: encode<std::uint16_t>(events, block, [](double t) { return to_half(t); }); break;
    case TimeElement::float32: encode<float>(events, block, [](double t) { return static_cast<float>(t); }); break;
    case TimeElement::float64: encode<double>(events, block, [](double t) { return t; }); break;
    case TimeElement::uint32: encode<std::uint32_t>(events, block, [](double t) { return static_cast<std::uint32_t>(t); }); break;
  }
  for (const RawEvent& e : events) block.push_back(static_cast<std::uint8_t>(e.unit)), block.push_back(static_cast<std::uint8_t>(e.unit >> 8));
  block.resize(padded(block.size()), 0);
  content_.add(block.data(), block.size());
  put(block.data(), block.size());
}

void EventStoreWriter::finish(StoreNames names) {
  const nlohmann::json text{{"classes", names.classes}, {"class_names", names.classes_named}, {"groups", names.groups}, {"notes", names.notes}};
  const std::string names_text = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::vector<std::uint8_t> tables;
  const auto append = [&tables](const void* data, std::size_t bytes) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    tables.insert(tables.end(), from, from + bytes);
    tables.resize(padded(tables.size()), 0);
  };
  append(begin_.data(), bytes_in(begin_)), append(count_.data(), bytes_in(count_));
  append(labels_.data(), bytes_in(labels_)), append(groups_.data(), bytes_in(groups_)), append(takes_.data(), bytes_in(takes_));
  tables.insert(tables.end(), names_text.begin(), names_text.end());

  Header header{};
  std::memcpy(header.magic, magic, sizeof magic);
  const auto copy = [](char* to, const std::string& hex) { std::memcpy(to, hex.data(), std::min<std::size_t>(64, hex.size())); };
  copy(header.key, key_), copy(header.content, content_.hex()), copy(header.tables, checksum(tables.data(), tables.size()));
  header.samples = labels_.size(), header.events = events_;
  header.tables_at = written_ + buffer_.size(), header.bytes = header.tables_at + tables.size();
  header.units = traits_.units, header.element = static_cast<std::uint32_t>(traits_.element);
  header.multiply = traits_.multiply, header.divide = traits_.divide;
  copy(header.header, checksum(&header, offsetof(Header, header)));
  put(tables.data(), tables.size());
  flush();
  if (::pwrite(file_, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) || (::fsync(file_) != 0 && errno != EINVAL))
    throw DataError("AD524", {name_, {}, {}}, fmt::format("cannot write the cache of events: {}", std::strerror(errno)), "free some space, or set ANTIDROME_CACHE to a folder on another disk");
}

void EventStore::damaged(const std::string& what) const {
  throw DataError("AD525", {name_, {}, {}}, "the cache of events is damaged: " + what, "delete the file: it is made again from the data");
}

EventStore::EventStore(int file, std::string name, const std::string& key, bool whole) : name_(std::move(name)) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || status.st_size < static_cast<off_t>(sizeof(Header))) damaged("it has no header");
  bytes_ = static_cast<std::size_t>(status.st_size);
  void* mapped = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) damaged(fmt::format("it cannot be mapped: {}", std::strerror(errno)));
  base_ = static_cast<const std::uint8_t*>(mapped);
  try {
    Header header;
    std::memcpy(&header, base_, sizeof header);
    const auto is = [](const char* stored, const std::string& hex) { return std::string_view(stored, 64) == hex; };
    if (std::memcmp(header.magic, magic, sizeof magic) != 0 || !is(header.header, checksum(&header, offsetof(Header, header)))) damaged("its header is not whole");
    if (!key.empty() && !is(header.key, key)) damaged("it was made from other data");
    if (header.bytes != bytes_) damaged(fmt::format("it has {} bytes, expected {}", bytes_, header.bytes));
    if (header.tables_at < sizeof header || header.tables_at > bytes_ || !is(header.tables, checksum(base_ + header.tables_at, bytes_ - header.tables_at))) damaged("its tables are not whole");
    if (whole && !is(header.content, checksum(base_ + sizeof header, header.tables_at - sizeof header))) damaged("its events have changed");
    samples_ = header.samples, events_ = header.events;
    traits_ = {header.units, static_cast<TimeElement>(header.element), header.multiply, header.divide};
    read_tables(header.tables_at);
  } catch (...) {
    ::munmap(mapped, bytes_);
    throw;
  }
}

// The checksums vouch for the values: what is written is what is read.
void EventStore::read_tables(std::uint64_t at) {
  const auto table = [this, &at](std::size_t element) {
    const std::uint8_t* begin = base_ + at;
    at += padded(samples_ * element);
    if (at > bytes_) damaged("its tables are too short");
    return begin;
  };
  begin_ = reinterpret_cast<const std::uint64_t*>(table(8));
  count_ = reinterpret_cast<const std::uint32_t*>(table(4));
  labels_ = reinterpret_cast<const std::int32_t*>(table(4));
  groups_ = reinterpret_cast<const std::int32_t*>(table(4));
  takes_ = reinterpret_cast<const std::int32_t*>(table(4));
  const auto text = nlohmann::json::parse(base_ + at, base_ + bytes_, nullptr, false);
  if (!text.is_object()) damaged("its names cannot be read");
  names_ = {text.value("classes", 0u), text.value("class_names", std::vector<std::string>{}), text.value("groups", std::vector<std::string>{}), text.value("notes", std::vector<std::string>{})};
}

EventStore::~EventStore() { ::munmap(const_cast<std::uint8_t*>(base_), bytes_); }

std::span<const std::uint16_t> EventStore::units(std::size_t index) const {
  const std::uint8_t* at = base_ + begin_[index] + count_[index] * bytes_of(traits_.element);
  return {reinterpret_cast<const std::uint16_t*>(at), count_[index]};
}

void EventStore::times(std::size_t index, std::vector<double>& into) const {
  into.resize(count_[index]);
  const std::uint8_t* from = base_ + begin_[index];
  switch (traits_.element) {
    case TimeElement::float16: return decode<std::uint16_t>(from, traits_, into, [](std::uint16_t h) { return from_half(h); });
    case TimeElement::float32: return decode<float>(from, traits_, into, [](float t) { return t; });
    case TimeElement::float64: return decode<double>(from, traits_, into, [](double t) { return t; });
    case TimeElement::uint32: return decode<std::uint32_t>(from, traits_, into, [](std::uint32_t t) { return t; });
  }
}

}  // namespace antidrome::data
