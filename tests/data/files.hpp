// Small files for the tests of the data readers.
#pragma once
#include "runtime/data/dataset.hpp"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace antidrome::data::test {

/// A folder of its own, removed in the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "antidrome-test-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

using Bytes = std::vector<std::uint8_t>;

inline void put(const std::filesystem::path& file, const Bytes& bytes) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline void put_gzip(const std::filesystem::path& file, const Bytes& bytes) {
  gzFile out = gzopen(file.c_str(), "wb");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
}

/// Header of unsigned bytes with these dimensions, then `content`.
inline Bytes idx(const std::vector<std::uint32_t>& sizes, const Bytes& content) {
  Bytes out{0, 0, 8, static_cast<std::uint8_t>(sizes.size())};
  for (const std::uint32_t s : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(s >> shift));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

/// `count` images of 2 x 3 pixels with grey values image * 6 + pixel, and the labels 0 1 2 0 1 2 …; all four files of a set.
inline void put_set(const std::filesystem::path& folder, std::uint32_t count) {
  Bytes pixels, labels;
  for (std::uint32_t i = 0; i < 6 * count; ++i) pixels.push_back(static_cast<std::uint8_t>(i));
  for (std::uint32_t i = 0; i < count; ++i) labels.push_back(static_cast<std::uint8_t>(i % 3));
  for (const std::string stem : {"train", "t10k"}) {
    put_gzip(folder / (stem + "-images-idx3-ubyte.gz"), idx({count, 2, 3}, pixels));
    put(folder / (stem + "-labels-idx1-ubyte"), idx({count}, labels));
  }
}

/// Options of such a set: trial of 20 steps of 1 ms.
inline DatasetOptions idx_options(const std::filesystem::path& folder) {
  return {{{"kind", "idx"}, {"path", folder.string()}, {"dt_ms", "1"}, {"trial_ms", "20"}, {"validation_size", "2"}}, "run.toml"};
}

/// Where real data sets lie: $ANTIDROME_DATA, else a folder beside the sources.
inline std::filesystem::path data_folder() {
  if (const char* root = std::getenv("ANTIDROME_DATA")) return root;
  return std::filesystem::path(ANTIDROME_SOURCE_DIR) / "../shared/data";
}

/// A data set written down in the test.
class Listed final : public Dataset {
 public:
  Listed(std::vector<std::uint32_t> sizes, std::vector<EventSample> samples, std::uint32_t classes = 3) : sizes_(std::move(sizes)), samples_(std::move(samples)), classes_(classes) {}
  std::string name() const override { return "listed"; }
  std::size_t size() const override { return samples_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return classes_; }
  void read(std::size_t index, EventSample& into) const override { into = samples_.at(index); }

 private:
  std::vector<std::uint32_t> sizes_;
  std::vector<EventSample> samples_;
  std::uint32_t classes_;
};

}  // namespace antidrome::data::test
