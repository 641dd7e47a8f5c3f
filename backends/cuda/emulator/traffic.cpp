#include "backends/cuda/emulator/traffic.hpp"

#include <algorithm>
#include <bit>

namespace antidrome::emulator {

namespace {

/// A few numbers, sorted, each once. Addresses of a warp are mostly in order already.
template <std::size_t most>
class Distinct {
 public:
  void add(std::uint64_t v) {
    if (size_ > 0 && values_[size_ - 1] == v) return;
    sorted_ &= size_ == 0 || values_[size_ - 1] < v;
    values_[size_++] = v;
  }
  void settle() {
    if (sorted_) return;
    std::sort(values_.begin(), values_.begin() + size_);
    size_ = static_cast<std::uint32_t>(std::unique(values_.begin(), values_.begin() + size_) - values_.begin());
    sorted_ = true;
  }
  std::uint32_t size() const { return size_; }
  const std::uint64_t* begin() const { return values_.data(); }
  const std::uint64_t* end() const { return values_.data() + size_; }

 private:
  std::array<std::uint64_t, most> values_;
  std::uint32_t size_ = 0;
  bool sorted_ = true;
};

template <class F>
void for_lanes(std::uint32_t lanes, F f) {
  for (; lanes != 0; lanes &= lanes - 1) f(static_cast<std::uint32_t>(std::countr_zero(lanes)));
}

}  // namespace

Traffic sectors(const Request& request, std::uint32_t bytes) {
  Distinct<32> sectors, addresses;
  for_lanes(request.lanes, [&](std::uint32_t l) { sectors.add(request.address[l] / 32), addresses.add(request.address[l]); });
  sectors.settle(), addresses.settle();
  return {sectors.size(), (addresses.size() * bytes + 31) / 32};
}

Traffic wavefronts(const Request& request, std::uint32_t bytes) {
  const std::uint32_t words_of_lane = std::max(bytes / 4, 1u), together = 32 / words_of_lane;
  const std::uint32_t phase_mask = together == 32 ? 0xffffffffu : (1u << together) - 1;
  Distinct<256> before;                         // of a phase at most 32 words, but some of them twice until it settles
  Traffic traffic;
  for (std::uint32_t first = 0; first < 32; first += together) {
    Distinct<32> words;
    for_lanes(request.lanes & phase_mask << first, [&](std::uint32_t l) {
      for (std::uint32_t k = 0; k < words_of_lane; ++k) words.add(request.address[l] / 4 + k);
    });
    words.settle();
    std::array<std::uint32_t, 32> in_bank{};
    std::uint32_t fullest = 0;
    for (const std::uint64_t w : words)
      if (!std::binary_search(before.begin(), before.end(), w)) fullest = std::max(fullest, ++in_bank[w % 32]);
    traffic.needed += fullest;
    for (const std::uint64_t w : words) before.add(w);
    before.settle();
  }
  traffic.ideal = (before.size() + 31) / 32;
  return traffic;
}

std::uint32_t depth(const Request& request) {
  std::array<std::uint64_t, 32> all;
  std::size_t n = 0;
  for_lanes(request.lanes, [&](std::uint32_t l) { all[n++] = request.address[l]; });
  std::sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
  std::uint32_t most = 0, run = 0;
  for (std::size_t k = 0; k < n; ++k) {
    run = k > 0 && all[k] == all[k - 1] ? run + 1 : 1;
    most = std::max(most, run);
  }
  return most;
}

}  // namespace antidrome::emulator
