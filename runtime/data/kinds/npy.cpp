#include "runtime/data/kinds/npy.hpp"

#include "runtime/data/archive.hpp"
#include "runtime/data/error.hpp"
#include "runtime/data/store/half.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstring>
#include <string_view>

namespace antidrome::data {
namespace {

[[noreturn]] void not_npy(const std::string& name, std::uint64_t at, const std::string& message) { throw DataError("AD528", {name, {}, at}, message, "save it with numpy.savez, as numbers in C order"); }

template <class T>
T value(const std::uint8_t* at) {
  T out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

/// What follows 'key': in the header, which is a Python dictionary of a fixed form.
std::string_view after(std::string_view header, std::string_view key, const std::string& name) {
  const std::size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) not_npy(name, 10, fmt::format("its header has no '{}'", key));
  std::string_view out = header.substr(at + key.size() + 3);
  while (!out.empty() && out.front() == ' ') out.remove_prefix(1);
  return out;
}

// '<f4' : byte order, type, bytes (of text: characters)
void read_type(std::string_view text, const std::string& name, NpyArray& into) {
  if (text.size() < 4 || (text[0] != '\'' && text[0] != '"')) not_npy(name, 10, "its type is not one of plain numbers");
  const std::string type(text.substr(1, std::min<std::size_t>(text.find(text[0], 1), 16) - 1));
  std::size_t count = 0;
  const bool numbered = type.size() > 2 && std::from_chars(type.data() + 2, type.data() + type.size(), count).ptr == type.data() + type.size();
  const bool order = type.size() > 2 && (type[0] == '<' || (type[0] == '|' && count == 1));
  into.type = type.size() > 2 ? type[1] : '?';
  into.bytes_each = into.type == 'U' ? 4 * count : count;
  const bool integer = (into.type == 'i' || into.type == 'u') && (count == 1 || count == 2 || count == 4 || count == 8);
  const bool known = integer || (into.type == 'f' && (count == 2 || count == 4 || count == 8)) || (into.type == 'b' && count == 1) || (into.type == 'U' && count >= 1 && count <= 4096);
  if (!numbered || !order || !known) not_npy(name, 10, fmt::format("its type '{}' is not one of little-endian integers, floating-point numbers or text", type));
}

// (1350, 77, 12)
void read_shape(std::string_view text, const std::string& name, NpyArray& into) {
  const std::size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string_view::npos) not_npy(name, 10, "its shape cannot be read");
  for (std::string_view rest = text.substr(1, end - 1); !rest.empty();) {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
    if (rest.empty()) break;
    std::uint64_t size = 0;
    const auto [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    if (failure != std::errc{} || into.shape.size() == 8) not_npy(name, 10, "its shape cannot be read");
    into.shape.push_back(size);
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  }
}

}  // namespace

NpyArray read_npy(std::span<const std::uint8_t> content, const std::string& name) {
  constexpr std::string_view magic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  if (content.size() < 12 || !text.starts_with(magic)) not_npy(name, 0, "not an array of NumPy");
  const bool first_version = content[6] == 1;
  const std::size_t begin = first_version ? 10 : 12, length = first_version ? value<std::uint16_t>(&content[8]) : value<std::uint32_t>(&content[8]);
  if (content.size() - begin < length) not_npy(name, content.size(), "the file ends inside its header");
  const std::string_view header = text.substr(begin, length);
  NpyArray out;
  read_type(after(header, "descr", name), name, out);
  if (!after(header, "fortran_order", name).starts_with("False")) not_npy(name, begin, "it is in Fortran order");
  read_shape(after(header, "shape", name), name, out);
  const std::uint64_t held = content.size() - begin - length;
  std::uint64_t expected = out.bytes_each;
  for (const std::uint64_t size : out.shape) {
    if (size != 0 && expected > held / size) not_npy(name, content.size(), fmt::format("the array of shape ({}) ends after {} bytes", fmt::join(out.shape, ", "), held));
    expected *= size;
  }
  if (expected != held) not_npy(name, content.size(), fmt::format("the array of shape ({}) holds {} bytes, expected {}", fmt::join(out.shape, ", "), held, expected));
  out.content.assign(content.begin() + static_cast<std::ptrdiff_t>(begin + length), content.end());
  return out;
}

double NpyArray::number(std::uint64_t index) const {
  const std::uint8_t* at = content.data() + index * bytes_each;
  if (type == 'f') return bytes_each == 2 ? static_cast<double>(from_half(value<std::uint16_t>(at))) : bytes_each == 4 ? static_cast<double>(value<float>(at)) : value<double>(at);
  if (type == 'i') switch (bytes_each) {
      case 1: return value<std::int8_t>(at);
      case 2: return value<std::int16_t>(at);
      case 4: return value<std::int32_t>(at);
      default: return static_cast<double>(value<std::int64_t>(at));
    }
  switch (bytes_each) {
    case 1: return value<std::uint8_t>(at);
    case 2: return value<std::uint16_t>(at);
    case 4: return value<std::uint32_t>(at);
    default: return static_cast<double>(value<std::uint64_t>(at));
  }
}

std::string NpyArray::text(std::uint64_t index) const {
  std::string out;
  for (std::size_t k = 0; k < bytes_each; k += 4) {
    const auto character = value<std::uint32_t>(content.data() + index * bytes_each + k);
    if (character == 0) break;
    out += character < 128 ? static_cast<char>(character) : '?';
  }
  return out;
}

std::map<std::string, NpyArray> read_npz(const std::filesystem::path& file) {
  constexpr std::size_t longest = std::size_t{1} << 32;
  std::map<std::string, NpyArray> out;
  for_each_entry(file, longest, [&](const std::string& name, const std::vector<std::uint8_t>& content) {
    if (name.ends_with(".npy")) out[name.substr(0, name.size() - 4)] = read_npy(content, fmt::format("{}: {}", file.string(), name));
  });
  return out;
}

}  // namespace antidrome::data
