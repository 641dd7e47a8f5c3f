#include "runtime/data/kinds/shd.hpp"

#include "runtime/data/archive.hpp"
#include "runtime/data/hdf5_file.hpp"
#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/store/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include <unistd.h>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;
constexpr std::uint32_t shd_units = 700;
constexpr const char* again = "copy or download the file again";

/// One open file; `name` is what messages call it.
struct Input {
  std::string name;
  H5Handle file;
};

[[noreturn]] void not_shd(const Input& in, const std::string& message, const std::string& remedy = again) { throw DataError("AD522", {in.name, {}, {}}, message, remedy); }

const char* class_name(H5T_class_t type) {
  switch (type) {
    case H5T_INTEGER: return "integers";
    case H5T_FLOAT: return "floating-point numbers";
    case H5T_STRING: return "texts";
    case H5T_VLEN: return "lists";
    default: return "values of another type";
  }
}

/// A dataset with one row per sample.
struct Column {
  H5Handle set, type;
  hsize_t rows = 0;
};

bool has(const Input& in, const std::string& path) {
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {   // every group on the way must exist
    if (H5Lexists(in.file.get(), path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
    if (slash == std::string::npos) return true;
  }
}

Column open_column(const Input& in, const std::string& path) {
  if (!has(in, path)) not_shd(in, fmt::format("the file has no '{}'", path), "kind 'shd' reads spikes/times, spikes/units and labels");
  Column out;
  out.set = {H5Dopen2(in.file.get(), path.c_str(), H5P_DEFAULT), H5Dclose};
  if (!out.set.valid()) not_shd(in, fmt::format("'{}' is no array, or damaged", path));
  out.type = {H5Dget_type(out.set.get()), H5Tclose};
  const H5Handle space(H5Dget_space(out.set.get()), H5Sclose);
  if (!out.type.valid() || !space.valid() || H5Sget_simple_extent_ndims(space.get()) != 1) not_shd(in, fmt::format("'{}' is not a list with one entry per sample", path));
  if (H5Sget_simple_extent_dims(space.get(), &out.rows, nullptr) != 1) not_shd(in, fmt::format("'{}' has no size", path));
  // Each row takes at least a byte: a damaged size must not become an allocation.
  hsize_t bytes = 0;
  if (H5Fget_filesize(in.file.get(), &bytes) < 0 || out.rows > bytes) not_shd(in, fmt::format("'{}' announces {} rows, more than the file can hold", path, out.rows));
  return out;
}

std::vector<std::int64_t> integers(const Input& in, const std::string& path, std::optional<hsize_t> rows) {
  const Column column = open_column(in, path);
  if (H5Tget_class(column.type.get()) != H5T_INTEGER) not_shd(in, fmt::format("'{}' holds {}, expected integers", path, class_name(H5Tget_class(column.type.get()))));
  if (rows && column.rows != *rows) not_shd(in, fmt::format("'{}' has {} rows, 'spikes/times' {}", path, column.rows, *rows));
  std::vector<std::int64_t> out(column.rows);
  if (!out.empty() && H5Dread(column.set.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) < 0) throw DataError("AD523", {in.name, {}, {}}, fmt::format("'{}' cannot be read", path), again);
  return out;
}

/// Texts of a list, of fixed or variable length; nothing where there are none: names are not needed.
std::vector<std::string> texts(const Input& in, const std::string& path) {
  if (!has(in, path)) return {};
  const Column column = open_column(in, path);
  if (H5Tget_class(column.type.get()) != H5T_STRING || column.rows > 65536) return {};
  std::vector<std::string> out;
  if (H5Tis_variable_str(column.type.get()) > 0) {
    std::vector<char*> values(column.rows, nullptr);
    if (H5Dread(column.set.get(), column.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) return {};
    for (char* text : values) {
      out.emplace_back(text == nullptr ? "" : text);
      H5free_memory(text);
    }
    return out;
  }
  const std::size_t size = H5Tget_size(column.type.get());
  if (size > 4096) return {};
  std::string values(size * column.rows, '\0');
  if (!values.empty() && H5Dread(column.set.get(), column.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) return {};
  for (hsize_t k = 0; k < column.rows; ++k) {
    const std::string text = values.substr(k * size, size);
    out.push_back(text.substr(0, text.find('\0')));
  }
  return out;
}

/// A text that is an attribute of the file; empty where there is none.
std::string text_attribute(const Input& in, const char* name) {
  if (H5Aexists(in.file.get(), name) <= 0) return {};
  const H5Handle attribute(H5Aopen(in.file.get(), name, H5P_DEFAULT), H5Aclose), type(attribute.valid() ? H5Aget_type(attribute.get()) : -1, H5Tclose);
  const H5Handle space(attribute.valid() ? H5Aget_space(attribute.get()) : -1, H5Sclose);
  if (!type.valid() || H5Tget_class(type.get()) != H5T_STRING || !space.valid() || H5Sget_simple_extent_npoints(space.get()) != 1) return {};
  if (H5Tis_variable_str(type.get()) > 0) {
    char* value = nullptr;
    if (H5Aread(attribute.get(), type.get(), &value) < 0 || value == nullptr) return {};
    const std::string text = value;
    H5free_memory(value);
    return text;
  }
  std::string text(std::min<std::size_t>(H5Tget_size(type.get()), 65536), '\0');
  if (H5Tget_size(type.get()) != text.size() || H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

/// The attribute "speaker_names", "a,b,c", as converters write it.
std::vector<std::string> speaker_names(const Input& in) {
  std::vector<std::string> out;
  std::istringstream parts(text_attribute(in, "speaker_names"));
  for (std::string part; std::getline(parts, part, ',');) out.push_back(part);
  return out;
}

/// The number of units: `asked`, else the attribute "units", else that of the published sets.
std::uint32_t units_of(const Input& in, std::uint32_t asked) {
  if (asked > 0) return asked;
  const std::string text = text_attribute(in, "units");
  std::uint32_t units = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), units);
  return failure == std::errc{} && units >= 1 && units <= 65536 ? units : shd_units;
}

/// Rows [first, first + count) of a column of lists, as T in memory.
template <class T>
class Lists {
 public:
  Lists(const Column& column, hid_t element, hsize_t first, hsize_t count) : element_(element), type_(H5Tvlen_create(element), H5Tclose), space_(H5Screate_simple(1, &count, nullptr), H5Sclose), rows_(count) {
    const H5Handle all(H5Dget_space(column.set.get()), H5Sclose);
    good_ = H5Sselect_hyperslab(all.get(), H5S_SELECT_SET, &first, nullptr, &count, nullptr) >= 0 &&
            H5Dread(column.set.get(), type_.get(), space_.get(), all.get(), H5P_DEFAULT, rows_.data()) >= 0;
  }
  ~Lists() { H5Dvlen_reclaim(type_.get(), space_.get(), H5P_DEFAULT, rows_.data()); }
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;
  bool good() const { return good_; }
  std::span<const T> row(std::size_t k) const { return {static_cast<const T*>(rows_[k].p), rows_[k].p == nullptr ? 0 : rows_[k].len}; }

 private:
  hid_t element_;
  H5Handle type_, space_;
  std::vector<hvl_t> rows_;
  bool good_ = false;
};

Column open_lists(const Input& in, const std::string& path, H5T_class_t expected) {
  Column column = open_column(in, path);
  if (H5Tget_class(column.type.get()) != H5T_VLEN) not_shd(in, fmt::format("'{}' holds {}, expected a list for each sample", path, class_name(H5Tget_class(column.type.get()))));
  H5Handle element(H5Tget_super(column.type.get()), H5Tclose);
  if (!element.valid() || H5Tget_class(element.get()) != expected)
    not_shd(in, fmt::format("the lists of '{}' hold {}, expected {}", path, element.valid() ? class_name(H5Tget_class(element.get())) : "nothing known", class_name(expected)));
  column.type = std::move(element);
  return column;
}

class Reader {
 public:
  Reader(Input in, std::uint32_t units) : in_(std::move(in)), units_(units_of(in_, units)), time_(open_lists(in_, "spikes/times", H5T_FLOAT)), unit_(open_lists(in_, "spikes/units", H5T_INTEGER)) {
    if (time_.rows != unit_.rows) not_shd(in_, fmt::format("'spikes/units' has {} rows, 'spikes/times' {}", unit_.rows, time_.rows));
    labels_ = integers(in_, "labels", time_.rows);
    if (has(in_, "extra/speaker")) speakers_ = integers(in_, "extra/speaker", time_.rows);
    if (has(in_, "extra/take")) takes_ = integers(in_, "extra/take", time_.rows);
  }

  void fill(int out, const std::string& key) {
    const std::size_t bytes = H5Tget_size(time_.type.get());
    const TimeElement element = bytes == 2 ? TimeElement::float16 : bytes == 4 ? TimeElement::float32 : TimeElement::float64;
    EventStoreWriter writer(out, "the cache of events", key, {units_, element, 1000, 1});
    for (hsize_t first = 0; first < time_.rows; first += rows_at_once) add_rows(first, std::min<hsize_t>(rows_at_once, time_.rows - first), writer);
    if (writer.samples() == 0) throw DataError("AD517", {in_.name, {}, {}}, "the file holds no samples");
    StoreNames names;
    names.classes_named = texts(in_, "extra/keys");
    names.classes = std::max(static_cast<std::uint32_t>(names.classes_named.size()), greatest_label_ + 1);
    const std::vector<std::string> known = speaker_names(in_);
    for (std::int64_t s = 0; s <= greatest_speaker_; ++s) names.groups.push_back(static_cast<std::size_t>(s) < known.size() ? known[static_cast<std::size_t>(s)] : fmt::format("{}", s));
    if (writer.unsorted() > 0) names.notes.push_back(fmt::format("{} samples were not sorted by time, and have been", writer.unsorted()));
    writer.finish(std::move(names));
  }

 private:
  static constexpr hsize_t rows_at_once = 64;

  void add_rows(hsize_t first, hsize_t count, EventStoreWriter& writer) {
    const Lists<double> times(time_, H5T_NATIVE_DOUBLE, first, count);
    const Lists<std::int64_t> units(unit_, H5T_NATIVE_INT64, first, count);
    if (!times.good() || !units.good()) {
      if (count > 1) {   // which one?
        for (hsize_t k = 0; k < count; ++k) add_rows(first + k, 1, writer);
        return;
      }
      throw DataError("AD523", {in_.name, first, {}}, times.good() ? "the units of the sample cannot be read" : "the times of the sample cannot be read", again);
    }
    std::vector<RawEvent> events;
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint64_t record = first + k;
      const std::span<const double> t = times.row(k);
      const std::span<const std::int64_t> u = units.row(k);
      if (t.size() != u.size()) throw DataError("AD523", {in_.name, record, {}}, fmt::format("the sample has {} times and {} units", t.size(), u.size()), again);
      events.clear();
      for (std::size_t e = 0; e < t.size(); ++e) {
        if (u[e] < 0 || u[e] >= units_)
          throw DataError("AD520", {in_.name, record, {}}, fmt::format("event of unit {}, expected [0, {})", u[e], units_), "set 'units', if the data set has more of them");
        events.push_back({t[e], static_cast<std::uint16_t>(u[e])});
      }
      writer.add(info_of(record), events, {in_.name, record, {}});
    }
  }

  SampleInfo info_of(std::uint64_t record) {
    const std::int64_t label = labels_[record], speaker = speakers_.empty() ? -1 : speakers_[record];
    if (label < 0 || label > 65535) throw DataError("AD516", {in_.name, record, {}}, fmt::format("label {} is outside [0, 65536)", label), again);
    if (speaker < -1 || speaker > 65535) throw DataError("AD516", {in_.name, record, {}}, fmt::format("speaker {} is outside [0, 65536)", speaker), again);
    greatest_label_ = std::max(greatest_label_, static_cast<std::uint32_t>(label));
    greatest_speaker_ = std::max(greatest_speaker_, speaker);
    const std::int64_t take = takes_.empty() ? seen_[{speaker, label}]++ : std::clamp<std::int64_t>(takes_[record], -1, INT32_MAX);
    return {static_cast<std::int32_t>(label), static_cast<std::int32_t>(speaker), static_cast<std::int32_t>(take)};
  }

  Input in_;
  std::uint32_t units_;
  Column time_, unit_;
  std::vector<std::int64_t> labels_, speakers_, takes_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> seen_;   // (speaker, label) -> samples so far
  std::uint32_t greatest_label_ = 0;
  std::int64_t greatest_speaker_ = -1;
};

// The part's file: the name that the options give, else the names of the published files.
std::optional<fs::path> part_file(const OptionReader& options, Split part) {
  const fs::path path = options.text("path", "");
  if (!fs::is_directory(path)) return part == Split::train ? std::optional(path) : std::nullopt;
  const std::string key = fmt::format("{}_file", to_string(part));
  if (options.has(key)) return path / options.text(key, "");
  const std::string name = part == Split::validation ? "valid" : to_string(part);
  for (const char* stem : {"shd_", "ssc_", ""})
    for (const char* ending : {".h5", ".h5.gz", ".h5.xz", ".h5.zst"})
      if (const fs::path file = path / fmt::format("{}{}{}", stem, name, ending); fs::exists(file)) return file;
  return std::nullopt;
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  if (!options.has("path")) throw DataError("AD504", options.place(), "'path' is missing", "give the folder with shd_train.h5 and shd_test.h5, or one such file");
  const fs::path path = options.text("path", "");
  if (!part_file(options, Split::train))
    throw DataError("AD510", {(path / "shd_train.h5").string(), {}, {}}, "the file does not exist", "the folder holds shd_train.h5 and shd_test.h5 (or .h5.gz, .h5.xz), or name its files with 'train_file' and 'test_file'");
  const auto units = static_cast<std::uint32_t>(options.count("units", 0, 65536));
  StoredKind kind{.name = "shd", .has_validation = part_file(options, Split::validation).has_value(), .has_test = part_file(options, Split::test).has_value(), .request = {}, .unit = {}};
  kind.request = [&options, units](Split part) {
    const fs::path file = *part_file(options, part);
    return StoreRequest{"shd", {file}, fmt::format("shd 1 units={}", units), [file, units](int out, const std::string& key) { read_shd(file, units, out, key); }};
  };
  return make_stored(kind, options, split);
}

constexpr std::string_view keys[] = {"path", "train_file", "validation_file", "test_file", "units"};

}  // namespace

const Kind shd_kind{"shd", keys, true, open, nullptr, ".h5"};

void read_shd(const fs::path& file, std::uint32_t units, int out, const std::string& key) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  if (::access(file.c_str(), R_OK) != 0) throw DataError("AD510", {file.string(), {}, {}}, "the file cannot be read");
  const std::unique_ptr<TemporaryFile> content = is_compressed(file) ? decompress(file) : nullptr;
  Input in{file.string(), H5Handle(H5Fopen((content ? content->path() : file).c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose)};
  if (!in.file.valid()) not_shd(in, "not an HDF5 file, or not a whole one");
  Reader(std::move(in), units).fill(out, key);
}

}  // namespace antidrome::data
