// From options to a data set.
#include "runtime/data/dataset.hpp"

#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/options.hpp"
#include "runtime/data/store/splits.hpp"
#include "runtime/data/store/stored_dataset.hpp"

#include <fmt/format.h>

#include <array>

namespace antidrome::data {
namespace {

constexpr std::array<std::string_view, 5> common_keys{"kind", "dt_ms", "trial_ms", "input_dropout", "binary"};

std::vector<std::string_view> keys_of(const Kind& kind) {
  std::vector<std::string_view> out(common_keys.begin(), common_keys.end());
  const auto add = [&out](std::span<const std::string_view> keys) { out.insert(out.end(), keys.begin(), keys.end()); };
  add(kind.keys);
  if (kind.stored) add(split_keys), add(view_keys);
  return out;
}

}  // namespace

const std::vector<std::string>& Dataset::groups() const {
  static const std::vector<std::string> none;
  return none;
}

const char* to_string(Split split) { return split == Split::train ? "train" : split == Split::validation ? "validation" : "test"; }

std::vector<std::string> class_names(std::string_view name, std::uint32_t classes) {
  const Kind* kind = find_kind(name);
  std::vector<std::string> names = kind != nullptr && kind->class_names != nullptr ? kind->class_names() : std::vector<std::string>();
  for (std::uint32_t c = static_cast<std::uint32_t>(names.size()); c < classes; ++c) names.push_back(fmt::format("{}", c));
  return names;
}

std::string recognised_kind(const std::filesystem::path& path) {
  const Kind* kind = recognise(path);
  return kind == nullptr ? std::string() : std::string(kind->name);
}

std::unique_ptr<Dataset> make_dataset(const DatasetOptions& given, Split split) {
  const OptionReader options(given);
  std::vector<std::string_view> names;
  for (const Kind* kind : kinds()) names.push_back(kind->name);
  const Kind& kind = *find_kind(options.choice("kind", "", names, "AD501"));
  options.check_keys(keys_of(kind));
  options.number("input_dropout", 0, 0, 1);
  options.flag("binary", false);
  return kind.open(options, kind.name, split);
}

}  // namespace antidrome::data
