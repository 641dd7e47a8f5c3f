// Random order, as a function of a seed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace antidrome::data {

/// A permutation of [0, size) that depends only on the other arguments; `purpose` is one of ANTIDROME_DRAW_... in philox.h.
std::vector<std::size_t> permutation(std::size_t size, std::uint64_t seed, std::uint64_t epoch, std::uint32_t purpose);

}  // namespace antidrome::data
