#include "runtime/session/parameters.hpp"

#include "runtime/session/draws.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace antidrome {

AlignedBytes::AlignedBytes(std::uint64_t bytes) : size_((bytes + 63) / 64 * 64) {
  if (size_ == 0) return;
  // much memory in pages of 2 MiB, where the system has them: rows are read from anywhere in it, and each page must be looked up
  constexpr std::uint64_t large_page = std::uint64_t{2} << 20;
  const std::uint64_t alignment = size_ >= large_page ? large_page : 64, whole = (size_ + alignment - 1) / alignment * alignment;
  data_.reset(std::aligned_alloc(alignment, whole));
  if (data_ == nullptr) throw std::bad_alloc();
  if (alignment == large_page) madvise(data_.get(), whole, MADV_HUGEPAGE);   // refused or not: the memory is the same
  std::memset(data_.get(), 0, size_);
}

Arrays::Arrays(const Manifest& manifest, const Simulator& simulator, bool trainable_only) : real_bytes_(simulator.real_bytes()) {
  for (std::size_t k = 0; k < manifest.parameters.size(); ++k) {
    const ParameterInfo& p = manifest.parameters[k];
    layouts_.push_back({p.rows, p.cols, simulator.stride(k)});
    const bool wanted = p.trainable || !trainable_only;
    blocks_.emplace_back(wanted ? std::uint64_t{p.rows} * simulator.stride(k) * real_bytes_ : 0);
    pointers_.push_back(blocks_.back().data());
  }
}

double Arrays::get(std::size_t k, std::uint32_t row, std::uint32_t col) const {
  const std::size_t at = std::size_t{row} * layouts_[k].stride + col;
  return real_bytes_ == 8 ? static_cast<const double*>(pointers_[k])[at] : static_cast<double>(static_cast<const float*>(pointers_[k])[at]);
}

void Arrays::set(std::size_t k, std::uint32_t row, std::uint32_t col, double value) {
  const std::size_t at = std::size_t{row} * layouts_[k].stride + col;
  if (real_bytes_ == 8) static_cast<double*>(pointers_[k])[at] = value;
  else static_cast<float*>(pointers_[k])[at] = static_cast<float>(value);
}

std::vector<double> Arrays::values(std::size_t k) const {
  std::vector<double> out;
  out.reserve(layouts_[k].elements());
  for (std::uint32_t r = 0; r < layouts_[k].rows; ++r)
    for (std::uint32_t c = 0; c < layouts_[k].cols; ++c) out.push_back(get(k, r, c));
  return out;
}

std::uint64_t Arrays::bytes() const {
  return std::accumulate(blocks_.begin(), blocks_.end(), std::uint64_t{0}, [](std::uint64_t sum, const AlignedBytes& block) { return sum + block.size(); });
}

double initial_value(const Init& init, std::uint64_t seed, std::uint32_t parameter, std::uint32_t element, std::uint32_t round) {
  Draws draws(seed, ANTIDROME_DRAW_INITIAL + parameter, element, round);
  switch (init.kind) {
    case Init::Kind::number: return init.a;
    case Init::Kind::uniform: return init.a + (init.b - init.a) * draws.uniform();
    case Init::Kind::normal: return init.a + init.b * draws.normal();
    case Init::Kind::gamma: return draws.gamma(init.a, init.b);
    case Init::Kind::values: return init.values[element];
  }
  return 0;
}

void initialise(Arrays& parameters, const Manifest& manifest, std::uint64_t seed) {
  for (std::uint32_t k = 0; k < manifest.parameters.size(); ++k) {
    const ParameterInfo& p = manifest.parameters[k];
    for (std::uint32_t r = 0; r < p.rows; ++r)
      for (std::uint32_t c = 0; c < p.cols; ++c) {
        double value = initial_value(p.init, seed, k, r * p.cols + c);
        if (p.low) value = std::max(value, *p.low);
        if (p.high) value = std::min(value, *p.high);
        parameters.set(k, r, c, value);
      }
  }
}

}  // namespace antidrome
