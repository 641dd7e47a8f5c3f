// Fourier transforms of real signals, by FFTW.
#pragma once
#include <complex>
#include <cstddef>
#include <memory>
#include <span>

namespace antidrome::audio {

/// Transforms of one length, unscaled: backward(forward(x)) = length x. Safe from several threads, each with its own buffers;
/// these must be aligned as `aligned` makes them.
class RealFft {
 public:
  explicit RealFft(std::size_t length);
  ~RealFft();
  RealFft(const RealFft&) = delete;
  RealFft& operator=(const RealFft&) = delete;

  std::size_t length() const { return length_; }
  std::size_t bins() const { return length_ / 2 + 1; }
  void forward(std::span<double> signal, std::span<std::complex<double>> spectrum) const;
  void backward(std::span<std::complex<double>> spectrum, std::span<double> signal) const;   ///< overwrites the spectrum

 private:
  struct Plans;
  std::size_t length_;
  std::unique_ptr<Plans> plans_;
};

/// Zeros, aligned as FFTW's plans expect.
template <class T>
class FftBuffer {
 public:
  explicit FftBuffer(std::size_t size);
  std::span<T> span() { return {data_.get(), size_}; }
  T& operator[](std::size_t k) { return data_[k]; }

 private:
  struct Free { void operator()(T*) const; };
  std::size_t size_;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace antidrome::audio
