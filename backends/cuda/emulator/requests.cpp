#include "backends/cuda/emulator/requests.hpp"

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
  if (place.used == 0) {
    warp.open.push_back(index - 1);
    place.access = access, place.bytes = bytes;
  }
  const std::uint32_t k = place.made[lane]++;
  if (k >= most) {
    ++not_counted_;
    return;
  }
  if (k >= place.used) {
    if (k >= place.requests.size()) place.requests.emplace_back();
    place.requests[k].lanes = 0;
    place.used = k + 1;
  }
  place.requests[k].lanes |= 1u << lane;
  place.requests[k].address[lane] = address;
}

void Requests::add(Place& place) {
  if (place.key >= sums_->size()) sums_->resize(place.key + 64);
  Sum& sum = (*sums_)[place.key];
  sum.access = place.access;
  const bool shared = place.access >= Access::shared_load, atomic = place.access == Access::global_atomic || place.access == Access::shared_atomic;
  for (std::uint32_t k = 0; k < place.used; ++k) {
    const Request& r = place.requests[k];
    const auto lanes = static_cast<std::uint32_t>(std::popcount(r.lanes));
    const Traffic traffic = shared ? wavefronts(r, place.bytes) : sectors(r, place.bytes);
    ++sum.counters.requests;
    sum.counters.lanes += lanes, sum.counters.bytes += lanes * place.bytes;
    (shared ? sum.counters.wavefronts : sum.counters.sectors) += traffic.needed;
    (shared ? sum.counters.ideal_wavefronts : sum.counters.ideal_sectors) += traffic.ideal;
    if (atomic) sum.counters.depth += depth(r);
  }
  place.used = 0;
  place.made.fill(0);
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
    for (const std::uint32_t p : warp.open) warp.places[p].used = 0, warp.places[p].made.fill(0);
    warp.open.clear();
  }
}

}  // namespace antidrome::emulator
