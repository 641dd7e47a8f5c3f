// Small files in the SHD layout, right and wrong.
#pragma once
#include "runtime/data/hdf5_file.hpp"
#include "tests/data/files.hpp"

#include <optional>

namespace antidrome::data::test {

/// What to write; the defaults make three good samples.
struct ShdContent {
  std::vector<std::vector<double>> times{{0.001, 0.25, 0.5}, {}, {0.125, 0.125}};
  std::vector<std::vector<std::int64_t>> units{{3, 699, 0}, {}, {7, 5}};
  std::optional<std::vector<std::int64_t>> labels{{0, 1, 1}}, speakers{{2, 0, 2}};
  std::vector<std::string> keys{"zero", "one"};
  hid_t time_type = H5T_IEEE_F32LE;    ///< of the file; H5T_NATIVE_INT and so on are mistakes
  bool lists = true;                   ///< false: times as a plain array, one number per sample
};

template <class T>
void put_lists(hid_t file, const char* path, hid_t stored, hid_t memory, const std::vector<std::vector<T>>& rows) {
  const H5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const H5Handle type(H5Tvlen_create(stored), H5Tclose), in_memory(H5Tvlen_create(memory), H5Tclose);
  const hsize_t size = rows.size();
  const H5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const H5Handle set(H5Dcreate2(file, path, type.get(), space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  std::vector<hvl_t> values;
  for (const std::vector<T>& row : rows) values.push_back({row.size(), const_cast<T*>(row.data())});
  if (size > 0) H5Dwrite(set.get(), in_memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

template <class T>
void put_array(hid_t file, const char* path, hid_t stored, hid_t memory, const std::vector<T>& values) {
  const H5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const hsize_t size = values.size();
  const H5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const H5Handle set(H5Dcreate2(file, path, stored, space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (size > 0) H5Dwrite(set.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

/// IEEE half precision, which HDF5 has no name for.
inline H5Handle half_type() {
  H5Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}

inline void put_shd(const std::filesystem::path& path, const ShdContent& c) {
  const H5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  if (c.lists) put_lists(file.get(), "spikes/times", c.time_type, H5T_NATIVE_DOUBLE, c.times);
  else put_array(file.get(), "spikes/times", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, std::vector<double>(c.times.size(), 0.5));
  put_lists(file.get(), "spikes/units", H5T_STD_I32LE, H5T_NATIVE_INT64, c.units);
  if (c.labels) put_array(file.get(), "labels", H5T_STD_I16LE, H5T_NATIVE_INT64, *c.labels);
  if (c.speakers) put_array(file.get(), "extra/speaker", H5T_STD_I16LE, H5T_NATIVE_INT64, *c.speakers);
  std::string keys;
  for (const std::string& key : c.keys) keys += key + std::string(8 - key.size(), '\0');
  const H5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), 8);
  const hsize_t size = c.keys.size();
  const H5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose), links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const H5Handle set(H5Dcreate2(file.get(), "extra/keys", type.get(), space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (size > 0) H5Dwrite(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, keys.data());
}

/// Options that read `path` with a cache in `folder`: trial of 1 s.
inline DatasetOptions shd_options(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return {{{"kind", "shd"}, {"path", path.string()}, {"cache", (folder / "cache").string()}, {"dt_ms", "1"}, {"trial_ms", "1000"}}, "run.toml"};
}

}  // namespace antidrome::data::test
