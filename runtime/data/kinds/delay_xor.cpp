// Two units fire one event each, in either order: what a network with nothing but delays can tell apart.
#include "runtime/data/kinds/kind.hpp"

#include <fmt/format.h>

namespace antidrome::data {
namespace {

class DelayXor final : public Dataset {
 public:
  DelayXor(std::string name, std::size_t size, double gap_ms) : name_(std::move(name)), size_(size), gap_ms_(gap_ms) {}
  std::string name() const override { return name_; }
  std::size_t size() const override { return size_; }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 2; }
  SampleInfo info(std::size_t index) const override { return {.label = static_cast<std::int32_t>(index % 2)}; }
  void read(std::size_t index, EventSample& into) const override {
    const auto first = static_cast<std::uint16_t>(index % 2);
    into.label = first;
    into.sources.assign(1, {{0, first}, {gap_ms_, static_cast<std::uint16_t>(1 - first)}});
  }

 private:
  std::string name_;
  std::size_t size_;
  double gap_ms_;
  std::vector<std::uint32_t> sizes_{2};
};

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  const double trial_ms = options.number("trial_ms", 0, day_ms), gap_ms = options.number("gap_ms", 10, 0, trial_ms);
  const std::uint64_t size = options.count(std::string(to_string(split)) + "_size", split == Split::train ? 20 : split == Split::validation ? 0 : 2, 1u << 30);
  if (size == 0) return nullptr;
  return std::make_unique<DelayXor>(fmt::format("delay_xor {}", to_string(split)), size, gap_ms);
}

constexpr std::string_view keys[] = {"gap_ms", "train_size", "validation_size", "test_size"};

}  // namespace

const Kind delay_xor_kind{"delay_xor", keys, false, open, [] { return std::vector<std::string>{"0 before 1", "1 before 0"}; }};

}  // namespace antidrome::data
