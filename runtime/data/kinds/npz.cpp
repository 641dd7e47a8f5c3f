// Sampled signals in a .npz file, as events: [samples, steps, channels] numbers, and a label for each sample. The names of the arrays
// are by default those of the Braille letters (Mueller-Cleve et al., 2022: 12 tactile sensors, 27 letters, 40 Hz).
//
// Level-crossing code: a channel has a reference, at first its first value. Whenever the signal, taken as linear between its samples,
// leaves the reference by `level`, the reference follows by `level` and the channel's unit fires: 2 c where it rose, 2 c + 1 where it fell.
#include "runtime/data/kinds/npy.hpp"
#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/store/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;

struct Names {
  std::string values, length, label, take, group, classes;
};

struct Code {
  double level, step_ms;
};

constexpr std::size_t most_events = 1u << 26;   // of a sample: a level far below the noise is a mistake

/// The arrays of a file; those that are not needed may be absent.
class Signals {
 public:
  Signals(const fs::path& file, const Names& names) : file_(file), arrays_(read_npz(file)), names_(names) {
    const NpyArray& v = array(names.values, 3);
    samples_ = v.shape[0], steps_ = v.shape[1], channels_ = v.shape[2];
    if (samples_ == 0 || steps_ == 0 || channels_ == 0) throw DataError("AD517", {file_.string(), {}, {}}, fmt::format("the array '{}' is empty", names.values));
    if (channels_ > 32768) throw DataError("AD518", {file_.string(), {}, {}}, fmt::format("{} channels need {} units, a source holds at most 65536", channels_, 2 * channels_));
    per_sample(names.label);
  }

  std::uint64_t samples() const { return samples_; }
  std::uint32_t units() const { return static_cast<std::uint32_t>(2 * channels_); }

  SampleInfo info(std::uint64_t k) const { return {integer(names_.label, k, true), integer(names_.group, k, false), integer(names_.take, k, false)}; }

  std::vector<std::string> class_names() const {
    std::vector<std::string> out;
    const auto found = arrays_.find(names_.classes);
    for (std::uint64_t k = 0; found != arrays_.end() && found->second.type == 'U' && k < std::min<std::uint64_t>(found->second.size(), 65536); ++k) out.push_back(found->second.text(k));
    return out;
  }

  void events(std::uint64_t k, const Code& code, std::vector<RawEvent>& into) const {
    into.clear();
    const std::int32_t length = integer(names_.length, k, false);
    const std::uint64_t steps = length < 0 ? steps_ : std::min<std::uint64_t>(static_cast<std::uint64_t>(length), steps_);
    for (std::uint64_t c = 0; c < channels_; ++c) add_channel(k, c, steps, code, into);
  }

 private:
  const NpyArray& array(const std::string& name, std::size_t rank) const {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) throw DataError("AD528", {file_.string(), {}, {}}, fmt::format("the file has no array '{}'", name), "name its arrays with 'values_array', 'label_array' and so on");
    if (found->second.shape.size() != rank || found->second.type == 'U') throw DataError("AD528", {file_.string(), {}, {}}, fmt::format("the array '{}' has {} dimensions, expected {} and numbers", name, found->second.shape.size(), rank));
    return found->second;
  }

  const NpyArray& per_sample(const std::string& name) const {
    const NpyArray& a = array(name, 1);
    if (a.size() != samples_) throw DataError("AD515", {file_.string(), {}, {}}, fmt::format("{} entries in '{}' for {} samples", a.size(), name, samples_), "give one per sample");
    return a;
  }

  /// -1 where the array is absent and not needed.
  std::int32_t integer(const std::string& name, std::uint64_t k, bool needed) const {
    if (!needed && !arrays_.contains(name)) return -1;
    const double value = per_sample(name).number(k);
    if (!(value >= 0 && value <= 65535 && std::floor(value) == value)) throw DataError("AD516", {file_.string(), k, {}}, fmt::format("'{}' is {}, expected a whole number of [0, 65536)", name, value));
    return static_cast<std::int32_t>(value);
  }

  void add_channel(std::uint64_t k, std::uint64_t c, std::uint64_t steps, const Code& code, std::vector<RawEvent>& into) const {
    const NpyArray& values = arrays_.at(names_.values);
    const auto at = [&](std::uint64_t n) { return values.number((k * steps_ + n) * channels_ + c); };
    double reference = 0, before = 0;
    for (std::uint64_t n = 0; n < steps; ++n) {
      const double now = at(n);
      if (!std::isfinite(now)) throw DataError("AD519", {file_.string(), k, {}}, fmt::format("the value of channel {} at step {} is not finite", c, n));
      if (n == 0) reference = now;
      if (std::fabs(now - reference) / code.level + static_cast<double>(into.size()) > static_cast<double>(most_events))
        throw DataError("AD504", {file_.string(), k, {}}, fmt::format("level = {} makes more than {} events of the sample", code.level, most_events), "choose a larger level");
      for (const double direction : {1.0, -1.0})
        while (direction * (now - reference) >= code.level) {
          const double next = reference + direction * code.level;
          if (next == reference)   // rounded away: it would never arrive
            throw DataError("AD504", {file_.string(), k, {}}, fmt::format("level = {} is too small to be seen in values such as {:g}", code.level, now), "choose a larger level, or subtract the mean of the signals");
          reference = next;
          const double time_ms = (static_cast<double>(n) - (now - reference) / (now - before)) * code.step_ms;
          into.push_back({static_cast<double>(static_cast<float>(time_ms)), static_cast<std::uint16_t>(2 * c + (direction < 0))});
        }
      before = now;
    }
  }

  fs::path file_;
  std::map<std::string, NpyArray> arrays_;
  Names names_;
  std::uint64_t samples_ = 0, steps_ = 0, channels_ = 0;
};

void read(const fs::path& file, const Names& array_names, const Code& code, int out, const std::string& key) {
  const Signals signals(file, array_names);
  EventStoreWriter writer(out, "the cache of events", key, {signals.units(), TimeElement::float32, 1, 1});
  StoreNames names{.classes = 0, .classes_named = signals.class_names(), .groups = {}, .notes = {}};
  std::int32_t groups = 0;
  std::vector<RawEvent> events;
  for (std::uint64_t k = 0; k < signals.samples(); ++k) {
    const SampleInfo info = signals.info(k);
    signals.events(k, code, events);
    writer.add(info, events, {file.string(), k, {}});
    names.classes = std::max(names.classes, static_cast<std::uint32_t>(info.label) + 1);
    groups = std::max(groups, info.group + 1);
  }
  names.classes = std::max(names.classes, static_cast<std::uint32_t>(names.classes_named.size()));
  for (std::int32_t g = 0; g < groups; ++g) names.groups.push_back(fmt::format("{}", g));
  writer.finish(std::move(names));
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  if (!options.has("path")) throw DataError("AD504", options.place(), "'path' is missing", "give the .npz file");
  const fs::path file = options.text("path", "");
  const Names names{options.text("values_array", "taxel"),    options.text("length_array", "length"), options.text("label_array", "label"),
                    options.text("take_array", "repetition"), options.text("group_array", "group"),   options.text("classes_array", "letters")};
  const Code code{options.number("level", 1, 1e-9, 1e9), options.number("step_ms", 25, 1e-6, day_ms)};
  StoredKind kind{.name = "npz", .has_validation = false, .has_test = false, .request = {}, .unit = {}};
  kind.request = [=](Split) {
    const std::string reader = fmt::format("npz 1 {} {} {} {} {} {} level={} step={}", names.values, names.length, names.label, names.take, names.group, names.classes, code.level, code.step_ms);
    return StoreRequest{"npz", {file}, reader, [=](int out, const std::string& key) { read(file, names, code, out, key); }};
  };
  return make_stored(kind, options, split);
}

constexpr std::string_view keys[] = {"path", "values_array", "length_array", "label_array", "take_array", "group_array", "classes_array", "level", "step_ms"};

}  // namespace

const Kind npz_kind{"npz", keys, true, open, nullptr, ".npz"};

}  // namespace antidrome::data
