#include "runtime/data/convert.hpp"

#include "runtime/data/shd_writer.hpp"
#include "runtime/data/store/half.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace antidrome::data {
namespace {

/// A sample's events as one source, in seconds.
class Flattened {
 public:
  explicit Flattened(const Dataset& data) : data_(data) {
    std::uint64_t units = 0;
    for (const std::uint32_t size : data.source_sizes()) first_.push_back(units), units += size;
    if (units > 65536) throw DataError("AD518", {data.name(), {}, {}}, fmt::format("the sources have {} units in all, a file holds at most 65536", units), "convert with larger bin_units or downsample");
    units_ = static_cast<std::uint32_t>(units);
  }

  std::uint32_t units() const { return units_; }

  const ShdSample& read(std::size_t index) {
    data_.read(index, sample_);
    events_.clear();
    for (std::size_t s = 0; s < sample_.sources.size(); ++s)
      for (const Event& e : sample_.sources[s]) events_.push_back({e.time_ms, static_cast<std::uint16_t>(first_[s] + e.unit)});
    if (sample_.sources.size() > 1) std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.time_ms < b.time_ms; });
    out_.times_s.clear(), out_.units.clear();
    for (const Event& e : events_) out_.times_s.push_back(e.time_ms / 1000), out_.units.push_back(e.unit);
    const SampleInfo info = data_.info(index);
    if (info.label < 0) throw DataError("AD516", {data_.name(), index, {}}, "a sample without a label", "a file of this layout has a label for each sample");
    out_.label = static_cast<std::uint16_t>(info.label), out_.speaker = static_cast<std::uint16_t>(std::max(0, info.group)), out_.take = static_cast<std::uint16_t>(std::max(0, info.take));
    return out_;
  }

 private:
  const Dataset& data_;
  std::vector<std::uint64_t> first_;
  std::uint32_t units_ = 0;
  EventSample sample_;
  std::vector<Event> events_;
  ShdSample out_;
};

bool is_half(double time_s) { return time_s <= 65504 && static_cast<double>(from_half(to_half(time_s))) == time_s; }

}  // namespace

Converted convert_to_shd(const Dataset& data, const std::string& source, const std::filesystem::path& file) {
  Flattened samples(data);
  Converted out{data.size(), 0, true};
  bool takes = true, groups = !data.groups().empty();
  for (std::size_t k = 0; k < data.size(); ++k) {
    const ShdSample& sample = samples.read(k);
    out.events += sample.units.size();
    out.half = out.half && std::all_of(sample.times_s.begin(), sample.times_s.end(), is_half);
    takes = takes && data.info(k).take >= 0, groups = groups && data.info(k).group >= 0;
  }
  ShdHeader header{.keys = data.class_names(), .speakers = {}, .source = source, .takes = takes, .units = samples.units(), .half = out.half};
  for (auto c = static_cast<std::uint32_t>(header.keys.size()); c < data.classes(); ++c) header.keys.push_back(fmt::format("{}", c));
  if (groups)
    for (const std::string& name : data.groups()) header.speakers.push_back({.name = name});
  ShdWriter writer(file, data.size(), std::move(header));
  for (std::size_t k = 0; k < data.size(); ++k) writer.write(k, samples.read(k));
  writer.finish();
  return out;
}

}  // namespace antidrome::data
