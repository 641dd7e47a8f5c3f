// The little of HDF5 that checkpoints and recordings need: arrays and strings by path, errors as Failures, no library chatter.
#pragma once
#include <cstdint>
#include <filesystem>
#include <hdf5.h>
#include <string>
#include <utility>
#include <vector>

namespace antidrome {

/// An HDF5 handle that closes itself.
class H5Handle {
 public:
  H5Handle() = default;
  H5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~H5Handle() { reset(); }
  void reset() {
    if (id_ >= 0) close_(std::exchange(id_, -1));
  }
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

/// Thrown by H5File: `what()` says what went wrong with which path. Callers make a Failure with their own code of it.
struct H5Error : std::runtime_error { using std::runtime_error::runtime_error; };

/// An array with its shape.
template <class T>
struct H5Array {
  std::vector<hsize_t> shape;
  std::vector<T> values;
};

class H5File {
 public:
  static H5File create(const std::filesystem::path& file);   ///< overwrites; carries no times, so equal content is equal bytes
  static H5File open(const std::filesystem::path& file);     ///< read only

  /// Groups on the way to `path` are made as needed. T: float, double, uint32_t, int32_t, uint64_t.
  template <class T>
  void write(const std::string& path, const std::vector<T>& values, std::vector<hsize_t> shape);
  template <class T>
  void write(const std::string& path, const std::vector<T>& values) { write(path, values, {static_cast<hsize_t>(values.size())}); }
  void write_text(const std::string& path, const std::string& text);

  bool has(const std::string& path) const;
  std::vector<std::string> names(const std::string& group) const;   ///< sorted
  template <class T>
  H5Array<T> read(const std::string& path) const;
  std::string read_text(const std::string& path) const;
  /// Writes everything to the disk and closes; throws when that fails (a full disk shows here at the latest).
  void close();

 private:
  explicit H5File(H5Handle file) : file_(std::move(file)) {}
  std::uint64_t file_bytes() const;
  H5Handle file_;
};

}  // namespace antidrome
