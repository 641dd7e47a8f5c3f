// Which samples belong to training, validation and test: the same options for every kind of data set that is kept in a store.
#pragma once
#include "runtime/data/options.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::data {

/// The keys that the functions here read; docs/data.md, "Splits", says what they mean.
inline constexpr std::array<std::string_view, 18> split_keys{"split",      "split_seed",        "folds",       "fold",         "train_size",     "validation_size", "test_size", "train_groups",      "validation_groups",
                                                             "test_groups", "train_takes", "validation_takes", "test_takes", "first_take", "takes_path", "classes_kept", "balance", "balance_evaluation"};

/// `classes_kept`: label of the file -> label in use, -1: left out. Empty where all `classes` are kept. Throws DataError AD508.
std::vector<std::int32_t> kept_labels(const OptionReader& options, std::uint32_t classes);

/// Takes as the options say: `takes_path` (a text file with a number per sample) or, for takes that were counted, from `first_take` on.
void number_takes(const OptionReader& options, std::vector<SampleInfo>& info);

/// The way to hold samples out: "given", "random", "groups" or "takes"; `given` is the default where the data set brings a validation part.
std::string split_mode(const OptionReader& options, bool has_validation_part);

/// The samples of `split`, ascending; samples of label -1 are left out if `labelled`. `whole`: all samples of the part belong to this split,
/// nothing has to be held out. Empty where the options ask for none (`validation_size = 0`, or no test samples in a single part).
/// Throws DataError AD506 (fewer samples than asked for), AD508 (a group or take that no sample has), AD509 (options that contradict each other).
std::vector<std::uint32_t> split_records(const OptionReader& options, const std::string& mode, const std::vector<SampleInfo>& info, const std::vector<std::string>& groups, Split split,
                                         bool whole, bool labelled);

}  // namespace antidrome::data
