#include "runtime/data/store/stored_dataset.hpp"

#include "runtime/data/store/splits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace antidrome::data {
namespace {

/// Units of the store -> units of the network. Events whose unit maps beyond the last one are left out.
struct UnitMap {
  std::vector<std::uint16_t> to;
  std::uint32_t units = 0;
  bool ordered = true;   // a greater unit never maps to a smaller one
};

UnitMap unit_map(const StoredKind& kind, const OptionReader& options, std::uint32_t stored) {
  const double scale = options.number("channel_scale", 1, 1e-4, 1000);
  const std::uint64_t bin = std::max<std::uint64_t>(1, options.count("bin_units", 1, 65536));
  const auto channel = [&](std::uint32_t unit) { return std::floor((kind.unit ? kind.unit(unit) : unit) * scale / static_cast<double>(bin)); };
  UnitMap map;
  double greatest = 0, previous = 0;
  for (std::uint32_t u = 0; u < stored; ++u) {
    const double to = channel(u);
    if (to > 65535)
      throw DataError("AD518", options.place(), fmt::format("unit {} becomes unit {}, a source holds at most 65536", u, to), "choose a smaller channel_scale");
    map.to.push_back(static_cast<std::uint16_t>(to));
    map.ordered = map.ordered && to >= previous;
    greatest = std::max(greatest, to), previous = to;
  }
  map.units = static_cast<std::uint32_t>(greatest) + 1;
  return map;
}

class Stored final : public Dataset {
 public:
  Stored(std::string name, std::shared_ptr<const EventStore> store, std::vector<std::uint32_t> records, std::vector<SampleInfo> info, std::uint32_t classes, UnitMap map, double time_scale,
         std::vector<std::string> notes, std::vector<std::string> class_names)
      : name_(std::move(name)), store_(std::move(store)), records_(std::move(records)), info_(std::move(info)), classes_(classes), map_(std::move(map)), sizes_{map_.units},
        time_scale_(time_scale), notes_(std::move(notes)), class_names_(std::move(class_names)) {}

  std::string name() const override { return name_; }
  std::size_t size() const override { return records_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return classes_; }
  SampleInfo info(std::size_t index) const override { return info_[records_.at(index)]; }
  const std::vector<std::string>& groups() const override { return store_->names().groups; }
  std::vector<std::string> class_names() const override { return class_names_; }
  std::vector<std::string> notes() const override { return notes_; }

  void read(std::size_t index, EventSample& into) const override {
    const std::uint32_t record = records_.at(index);
    into.label = info_[record].label;
    into.sources.resize(1);
    std::vector<Event>& events = into.sources[0];
    const std::span<const std::uint16_t> units = store_->units(record);
    thread_local std::vector<double> times;   // the memory is used again
    store_->times(record, times);
    events.resize(units.size());
    for (std::size_t k = 0; k < units.size(); ++k) {
      if (units[k] >= map_.to.size()) throw DataError("AD525", {store_->name(), record, {}}, fmt::format("the cache of events is damaged: unit {} of {}", units[k], map_.to.size()), "delete the file: it is made again from the data");
      events[k] = {times[k] * time_scale_, map_.to[units[k]]};
    }
    if (!map_.ordered) order_equal_times(events);
  }

 private:
  // Times are sorted; where a map of units changes their order, units at equal times have to be sorted again.
  static void order_equal_times(std::vector<Event>& events) {
    const auto earlier = [](const Event& a, const Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; };
    for (auto begin = events.begin(); begin != events.end();) {
      auto end = begin + 1;
      while (end != events.end() && end->time_ms == begin->time_ms) ++end;
      if (end - begin > 1) std::sort(begin, end, earlier);
      begin = end;
    }
  }

  std::string name_;
  std::shared_ptr<const EventStore> store_;
  std::vector<std::uint32_t> records_;
  std::vector<SampleInfo> info_;   // of every sample of the store
  std::uint32_t classes_;
  UnitMap map_;
  std::vector<std::uint32_t> sizes_;
  double time_scale_;
  std::vector<std::string> notes_, class_names_;
};

}  // namespace

std::unique_ptr<Dataset> make_stored(const StoredKind& kind, const OptionReader& options, Split split) {
  const std::string mode = split_mode(options, kind.has_validation);
  const bool has_own = split == Split::test ? kind.has_test : split == Split::validation && kind.has_validation;
  if (mode == "given" && split != Split::train && !has_own) return nullptr;
  const bool own_part = split == Split::test ? has_own : mode == "given" && has_own;
  const Split part = own_part ? split : Split::train;
  std::string note;
  const std::string cache = options.text("cache", "");
  const std::shared_ptr<const EventStore> store = open_store(kind.request(part), cache, &note);
  std::vector<std::string> notes = store->names().notes;
  if (!note.empty()) notes.push_back(note);

  std::vector<SampleInfo> info;
  for (std::size_t k = 0; k < store->size(); ++k) info.push_back(store->info(k));
  if (part == Split::train) number_takes(options, info);
  std::uint32_t classes = store->names().classes;
  const std::vector<std::int32_t> kept = kept_labels(options, classes);
  if (!kept.empty()) {
    for (SampleInfo& sample : info) sample.label = sample.label < 0 ? -1 : kept[static_cast<std::size_t>(sample.label)];
    classes = static_cast<std::uint32_t>(options.list("classes_kept").size());
  }
  // The names of the classes in use, in the order of their new numbers.
  std::vector<std::string> class_names = store->names().classes_named;
  if (!kept.empty() && !class_names.empty()) {
    std::vector<std::string> in_use(classes);
    for (std::size_t label = 0; label < std::min(kept.size(), class_names.size()); ++label)
      if (kept[label] >= 0) in_use[static_cast<std::size_t>(kept[label])] = class_names[label];
    class_names = std::move(in_use);
  }
  const bool whole = own_part || mode == "given";
  std::vector<std::uint32_t> records = split_records(options, mode, info, store->names().groups, split, whole, !kept.empty());
  if (records.empty()) return nullptr;
  return std::make_unique<Stored>(fmt::format("{} {}", kind.name, to_string(split)), store, std::move(records), std::move(info), classes, unit_map(kind, options, store->traits().units),
                                  options.number("time_scale", 1, 1e-6, 1e6), std::move(notes), std::move(class_names));
}

}  // namespace antidrome::data
