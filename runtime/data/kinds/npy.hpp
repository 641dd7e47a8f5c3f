// Arrays of NumPy: .npy, and .npz, which is a zip archive of them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace antidrome::data {

struct NpyArray {
  std::vector<std::uint64_t> shape;
  char type = 'f';                    ///< 'b', 'i', 'u', 'f' or 'U' (text of 4-byte characters)
  std::size_t bytes_each = 0;
  std::vector<std::uint8_t> content;  ///< little endian, the last index runs fastest

  std::uint64_t size() const { return bytes_each == 0 ? 0 : content.size() / bytes_each; }
  double number(std::uint64_t index) const;        ///< of any numeric type
  std::string text(std::uint64_t index) const;     ///< of type 'U'; characters beyond ASCII become '?'
};

/// Throws DataError AD528: not an array, one of a type that is not listed above, in Fortran order, big endian, or of another length than its
/// shape says. `name` is what messages call it.
NpyArray read_npy(std::span<const std::uint8_t> content, const std::string& name);

/// Arrays of a .npz file by name. Throws what for_each_entry() and read_npy() throw.
std::map<std::string, NpyArray> read_npz(const std::filesystem::path& file);

}  // namespace antidrome::data
