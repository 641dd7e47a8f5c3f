// Data sets that are kept in stores: views of samples, classes, units and times.
#pragma once
#include "runtime/data/options.hpp"
#include "runtime/data/store/cache.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string_view>

namespace antidrome::data {

/// Keys that hold for every data set in a store, those of splits.hpp aside.
inline constexpr std::array<std::string_view, 4> view_keys{"channel_scale", "time_scale", "bin_units", "cache"};

/// A data set whose parts are kept in stores.
struct StoredKind {
  std::string name;                                   ///< "shd"
  bool has_validation = false, has_test = false;      ///< parts that the data set's authors made; the training part always exists
  std::function<StoreRequest(Split part)> request;
  /// How units of the store become units of the network, before `channel_scale` and `bin_units`; none: as they are.
  std::function<std::uint32_t(std::uint32_t unit)> unit;
};

/// The samples of `split` as the options say, or null where they switch it off. Opens no store but the one it needs.
std::unique_ptr<Dataset> make_stored(const StoredKind& kind, const OptionReader& options, Split split);

}  // namespace antidrome::data
