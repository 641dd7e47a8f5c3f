// An evaluation by classes and by groups (speakers): who is told from whom, and how well each group does.
#pragma once
#include "runtime/data/dataset.hpp"
#include "runtime/train/events.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace antidrome {

/// One row per sample of an evaluation.
struct Prediction {
  std::uint64_t index = 0;
  std::int32_t label = -1, prediction = -1;    ///< prediction -1: undecided
  double loss = 0;
  std::int32_t group = -1;                     ///< index into the groups of the data set
};

/// Counts of labelled samples; those without a label are in none.
Breakdown break_down(const std::vector<Prediction>& predictions, std::vector<std::string> classes, const std::vector<std::string>& groups);

/// A table for people: a line per group and the mean over groups; empty where there are no groups.
std::string groups_text(const Breakdown& breakdown);
/// Rows are true classes, columns predictions.
std::string confusion_text(const Breakdown& breakdown);

nlohmann::ordered_json to_json(const Breakdown& breakdown);

/// "of,name,samples,correct,accuracy" with `of` class or group.
std::string shares_csv(const Breakdown& breakdown);
/// The rows of such a file that are `of` this; none where the file is not there.
std::vector<Share> read_shares(const std::filesystem::path& file, const std::string& of);

}  // namespace antidrome
