#include "runtime/train/gradient_sum.hpp"

#include <cstring>

namespace antidrome {
namespace {

std::size_t padded_elements(const Layout& layout) { return std::size_t{layout.rows} * layout.stride; }

template <class Real>
void add_block(void* sum, const void* more, std::size_t elements) {
  auto* to = static_cast<Real*>(sum);
  const auto* from = static_cast<const Real*>(more);
  for (std::size_t k = 0; k < elements; ++k) to[k] += from[k];
}

}  // namespace

void GradientSum::add(const Arrays& gradients, std::uint64_t count) {
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    if (!gradients.present(k)) continue;
    const auto block = gradients.real_bytes() == 8 ? add_block<double> : add_block<float>;
    block(sum_.data(k), gradients.data(k), padded_elements(gradients.layout(k)));
  }
  ++batches, samples += count;
}

void GradientSum::clear() {
  for (std::size_t k = 0; k < sum_.size(); ++k)
    if (sum_.present(k)) std::memset(sum_.data(k), 0, padded_elements(sum_.layout(k)) * sum_.real_bytes());
  batches = samples = 0;
}

}  // namespace antidrome
