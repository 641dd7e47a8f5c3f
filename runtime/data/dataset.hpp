// Data sets: labelled samples, each a list of timed events per source population. Files and generated tasks alike.
#pragma once
#include "runtime/data/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::data {

struct Event {
  double time_ms;
  std::uint16_t unit;
  friend bool operator==(const Event&, const Event&) = default;
};

/// The events of one sample, per source, sorted by time and, at equal times, by unit.
struct EventSample {
  std::vector<std::vector<Event>> sources;
  std::int32_t label = -1;  ///< -1: none
};

/// What is known of a sample without its events.
struct SampleInfo {
  std::int32_t label = -1;   ///< -1: none
  std::int32_t group = -1;   ///< index into groups(): the speaker, the user of a sensor; -1: unknown
  std::int32_t take = -1;    ///< number of the repetition by the same group; -1: unknown
};

/// Samples by index. Reading is const and safe from several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::string name() const = 0;                                ///< "yinyang train"
  virtual std::size_t size() const = 0;                                ///< number of samples
  virtual const std::vector<std::uint32_t>& source_sizes() const = 0;  ///< units of each source
  virtual std::uint32_t classes() const = 0;                           ///< labels are [0, classes)
  /// Writes sample `index` over `into`, whose memory is used again. Throws DataError where the file is damaged.
  virtual void read(std::size_t index, EventSample& into) const = 0;
  /// Cheap where the kind of data set can: here it reads the sample.
  virtual SampleInfo info(std::size_t index) const { return {.label = sample(index).label}; }
  /// Names of the groups; empty where the data set knows none.
  virtual const std::vector<std::string>& groups() const;
  /// Names of the classes where the files bring them; else empty.
  virtual std::vector<std::string> class_names() const { return {}; }
  /// What a user should know about how the data were read; empty mostly.
  virtual std::vector<std::string> notes() const { return {}; }

  EventSample sample(std::size_t index) const {
    EventSample out;
    read(index, out);
    return out;
  }
};

enum class Split { train, validation, test };
const char* to_string(Split split);

/// The [data] table of a run configuration, values as text ("0.5", "mnist"), plus `dt_ms` and `trial_ms` of [trial].
///
/// | key | meaning | default |
/// |---|---|---|
/// | kind | yinyang, mnist, fashion_mnist, idx, shd, nmnist, dvs_gesture, npz, frozen_noise, delay_xor | required |
/// | path | folder with the four IDX files | mnist: $ANTIDROME_DATA/mnist; fashion_mnist: Debian's folder |
/// | encoding | latency | latency |
/// | dt_ms, trial_ms | step and length of a trial | required |
/// | window_ms | span of the input code within the trial | yinyang 30, images trial_ms |
/// | t_min_ms, t_max_ms | times of the values 0 and 1 (yinyang) | 2 dt, window - 2 dt |
/// | bias_ms | time of the bias unit (yinyang) | 0 |
/// | classes | number of labels (idx) | as many as occur |
/// | threshold | pixels above it fire (images) | 1 |
/// | train_size, validation_size, test_size | samples of each split | yinyang 5000/1000/1000, images all/5000/all |
/// | train_seed, validation_seed, test_seed | seeds of a generated task | yinyang 42/41/40 |
/// | split_seed | hold out random training records; without it, the last ones | |
/// | split, folds, ... | which samples are held out (event data): store/splits.hpp | |
/// | channel_scale, time_scale, bin_units, cache | event data: store/stored_dataset.hpp | 1, 1, 1 |
/// | input_dropout | probability that an event is left out in training | 0 |
struct DatasetOptions {
  std::map<std::string, std::string, std::less<>> values;
  std::string origin;  ///< the file the options come from, for messages; may be empty
};

/// Names of the classes, for people: those of the kind of data set where it has any, else their numbers.
std::vector<std::string> class_names(std::string_view kind, std::uint32_t classes);

/// The kind of a file, or of the files of a folder, by how their names end; empty where they do not tell.
std::string recognised_kind(const std::filesystem::path& path);

/// The data set that the options name, or null where they switch this split off (`validation_size = 0`).
/// Throws DataError for an unknown kind, encoding or key (with the nearest known one), and for missing or damaged files.
std::unique_ptr<Dataset> make_dataset(const DatasetOptions& options, Split split);

}  // namespace antidrome::data
