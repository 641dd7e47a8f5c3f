// The runtime's memory: one aligned block per parameter in the layout of the ABI (rows of `stride` elements, zero padding).
#pragma once
#include "runtime/session/manifest.hpp"
#include "runtime/session/simulator.hpp"

#include <cstdlib>
#include <memory>
#include <new>

namespace antidrome {

/// Zeroed bytes at a 64-byte boundary.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::uint64_t bytes);
  void* data() const { return data_.get(); }
  std::uint64_t size() const { return size_; }

 private:
  struct Free { void operator()(void* p) const { std::free(p); } };
  std::unique_ptr<void, Free> data_;
  std::uint64_t size_ = 0;
};

/// Where the elements of one parameter lie.
struct Layout {
  std::uint32_t rows = 1, cols = 1, stride = 1;
  std::uint64_t elements() const { return std::uint64_t{rows} * cols; }
};

/// Arrays in manifest order: parameters, gradients or optimiser moments. Elements are float or double.
class Arrays {
 public:
  Arrays() = default;
  /// All parameters, or the trainable ones only (the others keep a null pointer).
  Arrays(const Manifest& manifest, const Simulator& simulator, bool trainable_only);

  std::size_t size() const { return layouts_.size(); }
  std::uint32_t real_bytes() const { return real_bytes_; }
  const Layout& layout(std::size_t k) const { return layouts_[k]; }
  bool present(std::size_t k) const { return pointers_[k] != nullptr; }
  void* data(std::size_t k) const { return pointers_[k]; }
  void* const* pointers() const { return pointers_.data(); }
  const void* const* const_pointers() const { return pointers_.data(); }
  double get(std::size_t k, std::uint32_t row, std::uint32_t col) const;
  void set(std::size_t k, std::uint32_t row, std::uint32_t col, double value);
  /// The elements without padding, row-major.
  std::vector<double> values(std::size_t k) const;
  std::uint64_t bytes() const;

 private:
  std::uint32_t real_bytes_ = 4;
  std::vector<Layout> layouts_;
  std::vector<AlignedBytes> blocks_;
  std::vector<void*> pointers_;
};

/// Fills every parameter by its initialiser, clamped to its bounds. An element's value depends on the seed, the parameter's
/// place in the manifest and the element's number (row-major, without padding), not on strides, threads or other parameters.
void initialise(Arrays& parameters, const Manifest& manifest, std::uint64_t seed);

/// One such value, before it is clamped. `round` 0 is the beginning; others are later draws from the same distribution.
double initial_value(const Init& init, std::uint64_t seed, std::uint32_t parameter, std::uint32_t element, std::uint32_t round = 0);

}  // namespace antidrome
