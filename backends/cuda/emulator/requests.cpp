#include "backends/cuda/emulator/requests.hpp"

#include <algorithm>
#include <bit>

namespace antidrome::emulator {

void Requests::note(std::uint32_t w, std::uint32_t lane, std::uint32_t key, Access access, std::uint64_t address, std::uint32_t bytes) {
  Warp& warp = warps_[w];
  if (key >= warp.place_of.size()) warp.place_of.resize(key + 64, 0);
  std::uint32_t& index = warp.place_of[key];
  if (index == 0) {
    warp.places.emplace_back();
    index = static_cast<std::uint32_t>(warp.places.size());
    warp.places.back().key = key;
  }
  Place& place = warp.places[index - 1];
  if (!place.open) {
    warp.open.push_back(index - 1);
    place.open = true, place.access = access, place.bytes = bytes;
  }
  std::vector<std::uint64_t>& addresses = place.addresses[lane];
  if (addresses.size() < most) addresses.push_back(address);
  else ++not_counted_;
}

void Requests::add(Place& place) {
  if (place.key >= sums_->size()) sums_->resize(place.key + 64);
  Sum& sum = (*sums_)[place.key];
  sum.access = place.access;
  const bool shared = place.access >= Access::shared_load, atomic = place.access == Access::global_atomic || place.access == Access::shared_atomic;
  std::size_t longest = 0;
  for (const auto& addresses : place.addresses) longest = std::max(longest, addresses.size());
  for (std::size_t k = 0; k < longest; ++k) {
    Request r;
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      if (place.addresses[lane].size() <= k) continue;
      r.lanes |= 1u << lane;
      r.address[lane] = place.addresses[lane][k];
    }
    const auto lanes = static_cast<std::uint32_t>(std::popcount(r.lanes));
    const Traffic traffic = shared ? wavefronts(r, place.bytes) : sectors(r, place.bytes);
    ++sum.counters.requests;
    sum.counters.lanes += lanes, sum.counters.bytes += lanes * place.bytes;
    (shared ? sum.counters.wavefronts : sum.counters.sectors) += traffic.needed;
    (shared ? sum.counters.ideal_wavefronts : sum.counters.ideal_sectors) += traffic.ideal;
    if (atomic) sum.counters.depth += depth(r);
  }
  close(place);
}

void Requests::close(Place& place) {
  place.open = false;
  for (auto& addresses : place.addresses) addresses.clear();
}

void Requests::met(std::uint32_t w) {
  Warp& warp = warps_[w];
  for (const std::uint32_t p : warp.open) add(warp.places[p]);
  warp.open.clear();
}

void Requests::all_met() {
  for (std::uint32_t w = 0; w < warps_.size(); ++w) met(w);
}

void Requests::drop() {
  for (Warp& warp : warps_) {
    for (const std::uint32_t p : warp.open) close(warp.places[p]);
    warp.open.clear();
  }
}

}  // namespace antidrome::emulator
