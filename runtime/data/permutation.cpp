#include "runtime/data/permutation.hpp"

#include <antidrome/philox.h>

#include <numeric>
#include <utility>

namespace antidrome::data {

// Fisher-Yates from the end. Two words make 64 bits, so the bias of the remainder is below 2^-32 for any size in use.
std::vector<std::size_t> permutation(std::size_t size, std::uint64_t seed, std::uint64_t epoch, std::uint32_t purpose) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t left = size; left > 1; --left) {
    const antidrome_philox draw = antidrome_philox4x32(static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(left >> 32), static_cast<std::uint32_t>(epoch), purpose, seed);
    const std::uint64_t word = std::uint64_t{draw.word[1]} << 32 | draw.word[0];
    std::swap(order[left - 1], order[word % left]);
  }
  return order;
}

}  // namespace antidrome::data
