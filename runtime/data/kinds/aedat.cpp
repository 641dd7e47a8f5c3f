#include "runtime/data/kinds/aedat.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace antidrome::data {
namespace {

constexpr const char* again = "copy or download the file again";

// All numbers of a packet are little endian, as this machine's are (report.cpp asserts it).
template <class T>
T number(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct PacketHeader {
  static constexpr std::size_t bytes = 28;
  std::int16_t type;
  std::int32_t event_bytes, overflow, capacity, events;
  explicit PacketHeader(const std::uint8_t* at)
      : type(number<std::int16_t>(at)), event_bytes(number<std::int32_t>(at + 4)), overflow(number<std::int32_t>(at + 12)), capacity(number<std::int32_t>(at + 16)), events(number<std::int32_t>(at + 20)) {}
};

// Lines that begin with '#', up to "#!END-HEADER".
std::size_t header_bytes(std::span<const std::uint8_t> content, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  if (!text.starts_with("#!AER-DAT3")) throw DataError("AD527", {name, {}, 0}, "not an AEDAT 3 file: it does not begin with '#!AER-DAT3'", "kind 'dvs_gesture' reads the published .aedat files");
  constexpr std::string_view end = "#!END-HEADER\r\n";
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) throw DataError("AD527", {name, {}, content.size()}, "the header has no end", again);
  return at + end.size();
}

void add_polarity(const std::uint8_t* event, const PacketHeader& packet, const Camera& camera, const DataError::Place& place, std::vector<CameraEvent>& into) {
  const auto data = number<std::uint32_t>(event), time = number<std::uint32_t>(event + 4);
  if ((data & 1) == 0) return;   // marked invalid by a filter
  const std::uint32_t x = data >> 17, y = data >> 2 & 0x7fff, polarity = data >> 1 & 1;
  if (x >= camera.width || y >= camera.height)
    throw DataError("AD520", place, fmt::format("event at pixel ({}, {}), expected [0, {}) x [0, {})", x, y, camera.width, camera.height), again);
  if (time >> 31 != 0 || packet.overflow < 0) throw DataError("AD519", place, "an event with a negative time", again);
  into.push_back({(static_cast<std::uint64_t>(packet.overflow) << 31) + time, camera.unit(x, y, polarity)});
}

}  // namespace

std::vector<CameraEvent> read_aedat(std::span<const std::uint8_t> content, const Camera& camera, const std::string& name) {
  constexpr std::int16_t polarity_events = 1;
  std::vector<CameraEvent> out;
  std::uint64_t packets = 0;
  for (std::size_t at = header_bytes(content, name); at < content.size(); ++packets) {
    const DataError::Place place{name, packets, at};
    if (content.size() - at < PacketHeader::bytes) throw DataError("AD527", place, "the file ends inside the header of a packet", again);
    const PacketHeader packet(content.data() + at);
    if (packet.event_bytes <= 0 || packet.events < 0 || packet.capacity < packet.events || (packet.type == polarity_events && packet.event_bytes < 8))
      throw DataError("AD527", place, fmt::format("a packet of {} events in {} places of {} bytes", packet.events, packet.capacity, packet.event_bytes), again);
    const auto payload = static_cast<std::uint64_t>(packet.capacity) * static_cast<std::uint64_t>(packet.event_bytes);
    if (content.size() - at - PacketHeader::bytes < payload)
      throw DataError("AD527", place, fmt::format("the file ends inside a packet of {} bytes", payload), again);
    at += PacketHeader::bytes;
    if (packet.type == polarity_events)
      for (std::int32_t k = 0; k < packet.events; ++k) {
        const std::size_t event = at + static_cast<std::size_t>(k) * static_cast<std::size_t>(packet.event_bytes);
        add_polarity(content.data() + event, packet, camera, {name, packets, event}, out);
      }
    at += payload;
  }
  return out;
}

std::vector<Clip> read_clips(std::string_view content, std::int32_t classes, const std::string& name) {
  std::vector<Clip> out;
  std::uint64_t line = 0;
  for (std::size_t begin = 0; begin < content.size(); ++line) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view row = content.substr(begin, end - begin);
    begin = end + 1;
    while (!row.empty() && (row.back() == '\r' || row.back() == ' ')) row.remove_suffix(1);
    if (row.empty() || (line == 0 && row.starts_with("class"))) continue;
    std::array<std::uint64_t, 3> fields{};
    const char *at = row.data(), *stop = row.data() + row.size();
    bool good = true;
    for (std::size_t k = 0; k < 3 && good; ++k) {
      const auto read = std::from_chars(at, stop, fields[k]);
      good = read.ec == std::errc{} && (k == 2 ? read.ptr == stop : read.ptr != stop && *read.ptr == ',');
      at = read.ptr + (good && k < 2 ? 1 : 0);
    }
    if (!good || fields[0] < 1 || fields[0] > static_cast<std::uint64_t>(classes) || fields[1] >= fields[2])
      throw DataError("AD527", {name, line, {}}, fmt::format("'{}' is not a class of [1, {}], a start and a later end in microseconds", std::string(row.substr(0, 80)), classes), again);
    out.push_back({static_cast<std::int32_t>(fields[0]) - 1, fields[1], fields[2]});
  }
  return out;
}

}  // namespace antidrome::data
