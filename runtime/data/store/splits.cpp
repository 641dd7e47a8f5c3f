#include "runtime/data/store/splits.hpp"

#include "runtime/data/permutation.hpp"

#include <antidrome/philox.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

namespace antidrome::data {
namespace {

constexpr std::string_view modes[] = {"given", "random", "groups", "takes"};
enum Draw : std::uint64_t { draw_order, draw_size, draw_balance };   // what a permutation is for

using Records = std::vector<std::uint32_t>;

/// Numbers that a key selects; none where it is not given.
using Numbers = std::vector<std::int64_t>;

Numbers take_numbers(const OptionReader& options, const std::string& key) {
  Numbers out;
  for (const std::string& part : options.list(key)) {
    const char *begin = part.data(), *end = begin + part.size();
    std::int64_t low = 0, high = 0;
    auto read = std::from_chars(begin, end, low);
    high = low;
    if (read.ec == std::errc{} && read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, high);
    if (read.ec != std::errc{} || read.ptr != end || high < low || high - low > 1000000)
      throw DataError("AD504", options.place(), fmt::format("'{} = {}' is not a list of takes", key, options.text(key, "")), "write numbers and ranges such as 5-9,12");
    for (std::int64_t take = low; take <= high; ++take) out.push_back(take);
  }
  return out;
}

Numbers group_numbers(const OptionReader& options, const std::string& key, const std::vector<std::string>& groups) {
  Numbers out;
  for (const std::string& name : options.list(key)) {
    const auto found = std::find(groups.begin(), groups.end(), name);
    if (found == groups.end())
      throw DataError("AD508", options.place(), fmt::format("'{}' names the group '{}', which the data set does not have", key, name),
                      groups.empty() ? "the data set knows no groups" : fmt::format("its groups are {}", fmt::join(groups.begin(), groups.begin() + std::min<std::ptrdiff_t>(32, std::ssize(groups)), ", ")));
    out.push_back(found - groups.begin());
  }
  return out;
}

/// How samples are held out: every one has a number (its place in a random order, its group or its take), and every split has its numbers.
struct Division {
  std::function<std::int64_t(std::size_t position)> number;   // of records[position]
  Numbers train, validation, test;
  bool the_rest_trains = true;                                // train is not listed
  const char* what = "";
};

Numbers range(std::int64_t begin, std::int64_t end) {
  Numbers out(static_cast<std::size_t>(std::max<std::int64_t>(0, end - begin)));
  std::iota(out.begin(), out.end(), begin);
  return out;
}

// Part `fold` of `folds` equal slices of the numbers that occur.
Numbers fold_of(const OptionReader& options, const Records& records, const Division& division) {
  const std::uint64_t folds = options.count("folds", 0, 1u << 20), fold = options.count("fold", 0, 1u << 20);
  Numbers occurring;
  for (std::size_t k = 0; k < records.size(); ++k) occurring.push_back(division.number(k));
  std::sort(occurring.begin(), occurring.end());
  occurring.erase(std::unique(occurring.begin(), occurring.end()), occurring.end());
  if (folds < 2 || folds > occurring.size())
    throw DataError("AD509", options.place(), fmt::format("folds = {}, but there are {} {} to divide", folds, occurring.size(), division.what), fmt::format("choose 2 to {} folds", occurring.size()));
  if (fold >= folds) throw DataError("AD509", options.place(), fmt::format("fold = {} of {} folds", fold, folds), fmt::format("folds are numbered [0, {})", folds));
  const auto at = [&](std::uint64_t k) { return occurring.begin() + static_cast<std::ptrdiff_t>(occurring.size() * k / folds); };
  return {at(fold), at(fold + 1)};
}

Division random_division(const OptionReader& options, const Records& records) {
  const std::size_t size = records.size();
  const bool folds = options.has("folds");
  const std::uint64_t held = folds ? 0 : options.count("validation_size", size / 10), test = options.count("test_size", 0);
  if (held > size || test > size - held)
    throw DataError("AD506", options.place(), fmt::format("validation_size = {} and test_size = {}, but the data set holds {} samples", held, test, size), "ask for fewer");
  const std::vector<std::size_t> order = permutation(size, options.count("split_seed", 0), draw_order, ANTIDROME_DRAW_SPLIT);
  std::vector<std::int64_t> place(size);
  for (std::size_t k = 0; k < size; ++k) place[order[k]] = static_cast<std::int64_t>(k);
  const auto h = static_cast<std::int64_t>(held), t = static_cast<std::int64_t>(test);
  return {[place = std::move(place)](std::size_t k) { return place[k]; }, {}, range(0, h), range(h, h + t), true, "samples"};
}

Division division_of(const OptionReader& options, const std::string& mode, const std::vector<SampleInfo>& info, const std::vector<std::string>& groups, const Records& records) {
  Division d;
  if (mode == "random") d = random_division(options, records);
  else if (mode == "groups")
    d = {[&info, &records](std::size_t k) { return info[records[k]].group; }, group_numbers(options, "train_groups", groups), group_numbers(options, "validation_groups", groups),
         group_numbers(options, "test_groups", groups), !options.has("train_groups"), "groups"};
  else
    d = {[&info, &records](std::size_t k) { return info[records[k]].take; }, take_numbers(options, "train_takes"), take_numbers(options, "validation_takes"),
         take_numbers(options, "test_takes"), !options.has("train_takes"), "takes"};
  if (options.has("folds")) {
    if (!d.validation.empty()) throw DataError("AD509", options.place(), fmt::format("both folds and validation_{} say what is held out", mode), "give one of them");
    d.validation = fold_of(options, records, d);
  } else if (options.has("fold"))
    throw DataError("AD509", options.place(), "fold without folds", "add 'folds = 5'");
  for (const Numbers* others : {&d.test, &d.train})
    for (const std::int64_t n : *others)
      if (std::find(d.validation.begin(), d.validation.end(), n) != d.validation.end())
        throw DataError("AD509", options.place(), fmt::format("{} {} is both held out for validation and in another split", std::string_view(d.what).substr(0, std::string_view(d.what).size() - 1),
                        mode == "groups" ? groups[static_cast<std::size_t>(n)] : fmt::format("{}", n)), "let the splits be disjoint");
  return d;
}

Records divide(const OptionReader& options, const Division& d, const Records& records, Split split) {
  const Numbers& wanted = split == Split::train ? d.train : split == Split::validation ? d.validation : d.test;
  const auto in = [](const Numbers& numbers, std::int64_t n) { return std::binary_search(numbers.begin(), numbers.end(), n); };
  Records out;
  std::size_t unknown = 0;
  for (std::size_t k = 0; k < records.size(); ++k) {
    const std::int64_t n = d.number(k);
    unknown += n < 0;
    const bool chosen = split == Split::train && d.the_rest_trains ? !in(d.validation, n) && !in(d.test, n) : in(wanted, n);
    if (chosen) out.push_back(records[k]);
  }
  if (unknown == records.size() && !records.empty())
    throw DataError("AD508", options.place(), fmt::format("no sample of the data set has a known {}", std::string_view(d.what).substr(0, std::string_view(d.what).size() - 1)), "split = \"random\" needs none");
  if (out.empty() && (!wanted.empty() || split == Split::train))
    throw DataError("AD508", options.place(), fmt::format("no sample is left for the {} split: none has one of the {} that are asked for", to_string(split), d.what));
  return out;
}

Records of_equal_classes(const OptionReader& options, const std::vector<SampleInfo>& info, const Records& records) {
  std::map<std::int32_t, Records> members;
  const std::vector<std::size_t> order = permutation(records.size(), options.count("split_seed", 0), draw_balance, ANTIDROME_DRAW_SPLIT);
  for (const std::size_t k : order) members[info[records[k]].label].push_back(records[k]);
  std::size_t fewest = records.size();
  for (const auto& [label, found] : members) fewest = std::min(fewest, found.size());
  Records out;
  for (const auto& [label, found] : members) out.insert(out.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(fewest));
  std::sort(out.begin(), out.end());
  return out;
}

Records of_size(const OptionReader& options, const std::string& key, const Records& records) {
  const std::uint64_t size = options.count(key, records.size());
  if (size > records.size())
    throw DataError("AD506", options.place(), fmt::format("{} = {}, but the split holds {} samples", key, size, records.size()), "ask for fewer");
  if (size == records.size()) return records;
  const std::vector<std::size_t> order = permutation(records.size(), options.count("split_seed", 0), draw_size, ANTIDROME_DRAW_SPLIT);
  Records out;
  for (std::size_t k = 0; k < size; ++k) out.push_back(records[order[k]]);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::int32_t> kept_labels(const OptionReader& options, std::uint32_t classes) {
  const std::vector<std::string> kept = options.list("classes_kept");
  if (kept.empty()) return {};
  std::vector<std::int32_t> out(classes, -1);
  std::int32_t next = 0;
  for (const std::string& text : kept) {
    std::uint32_t label = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (failure != std::errc{} || stop != text.data() + text.size() || label >= classes || out[label] != -1)
      throw DataError("AD508", options.place(), fmt::format("'classes_kept' names the class '{}', expected different labels of [0, {})", text, classes));
    out[label] = next++;
  }
  return out;
}

void number_takes(const OptionReader& options, std::vector<SampleInfo>& info) {
  const auto first = static_cast<std::int32_t>(options.count("first_take", 0, 1u << 30));
  for (SampleInfo& sample : info)
    if (sample.take >= 0) sample.take += first;
  const std::string file = options.text("takes_path", "");
  if (file.empty()) return;
  std::ifstream in(file);
  if (!in) throw DataError("AD510", {file, {}, {}}, "the file of take numbers cannot be read", "it holds one number per sample, in the order of the data file");
  std::size_t read = 0;
  for (std::int32_t take = 0; in >> take; ++read)
    if (read < info.size()) info[read].take = take;
  if (!in.eof()) throw DataError("AD515", {file, read, {}}, "what follows is not a whole number", "give one number per sample, in the order of the data file");
  if (read != info.size())
    throw DataError("AD515", {file, read, {}}, fmt::format("the file holds {} take numbers, the data set {} samples", read, info.size()), "give one number per sample, in the order of the data file");
}

std::string split_mode(const OptionReader& options, bool has_validation_part) { return options.choice("split", has_validation_part ? "given" : "random", modes, "AD504"); }

std::vector<std::uint32_t> split_records(const OptionReader& options, const std::string& mode, const std::vector<SampleInfo>& info, const std::vector<std::string>& groups, Split split,
                                         bool whole, bool labelled) {
  Records records;
  for (std::uint32_t k = 0; k < info.size(); ++k)
    if (!labelled || info[k].label >= 0) records.push_back(k);
  if (records.empty()) throw DataError("AD508", options.place(), "no sample has one of the classes that are kept");
  const std::string name = to_string(split), size_key = name + "_size";
  if (options.has(size_key) && options.count(size_key, 1) == 0) return {};
  if (!whole) {
    Division division = division_of(options, mode, info, groups, records);
    for (Numbers* numbers : {&division.train, &division.validation, &division.test}) std::sort(numbers->begin(), numbers->end());
    records = divide(options, division, records, split);
  }
  if (options.flag(split == Split::train ? "balance" : "balance_evaluation", false)) records = of_equal_classes(options, info, records);
  return of_size(options, size_key, records);
}

}  // namespace antidrome::data
