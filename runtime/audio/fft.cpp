#include "runtime/audio/fft.hpp"

#include <algorithm>
#include <fftw3.h>
#include <mutex>
#include <new>

namespace antidrome::audio {
namespace {

std::mutex planner;   // FFTW plans one at a time

fftw_complex* as_fftw(std::complex<double>* p) { return reinterpret_cast<fftw_complex*>(p); }   // FFTW promises equal layout

}  // namespace

template <class T>
FftBuffer<T>::FftBuffer(std::size_t size) : size_(size), data_(static_cast<T*>(fftw_malloc(std::max<std::size_t>(size, 1) * sizeof(T)))) {
  if (!data_) throw std::bad_alloc();
  std::fill_n(data_.get(), size, T{});
}
template <class T>
void FftBuffer<T>::Free::operator()(T* p) const { fftw_free(p); }
template class FftBuffer<double>;
template class FftBuffer<std::complex<double>>;

struct RealFft::Plans {
  fftw_plan forward, backward;
};

// FFTW_ESTIMATE measures nothing: the same plan, and so the same rounding, every time.
RealFft::RealFft(std::size_t length) : length_(length), plans_(std::make_unique<Plans>()) {
  FftBuffer<double> signal(length);
  FftBuffer<std::complex<double>> spectrum(bins());
  const std::lock_guard lock(planner);
  const int n = static_cast<int>(length);
  plans_->forward = fftw_plan_dft_r2c_1d(n, signal.span().data(), as_fftw(spectrum.span().data()), FFTW_ESTIMATE);
  plans_->backward = fftw_plan_dft_c2r_1d(n, as_fftw(spectrum.span().data()), signal.span().data(), FFTW_ESTIMATE);
}

RealFft::~RealFft() {
  const std::lock_guard lock(planner);
  fftw_destroy_plan(plans_->forward);
  fftw_destroy_plan(plans_->backward);
}

void RealFft::forward(std::span<double> signal, std::span<std::complex<double>> spectrum) const {
  fftw_execute_dft_r2c(plans_->forward, signal.data(), as_fftw(spectrum.data()));
}

void RealFft::backward(std::span<std::complex<double>> spectrum, std::span<double> signal) const {
  fftw_execute_dft_c2r(plans_->backward, as_fftw(spectrum.data()), signal.data());
}

}  // namespace antidrome::audio
