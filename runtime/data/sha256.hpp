// SHA-256 (FIPS 180-4): the checksum by which two people know that they hold the same data.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace antidrome::data {

class Sha256 {
 public:
  void add(const void* data, std::size_t bytes);
  std::string hex();  ///< ends the message

 private:
  void block(const std::uint8_t* data);
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace antidrome::data
