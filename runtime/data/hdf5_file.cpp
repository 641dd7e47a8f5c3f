#include "runtime/data/hdf5_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace antidrome {
namespace {

// No chatter; and nothing is done when the process ends: files are closed here or not at all, and what HDF5 1.10 does then with a file
// that a full disk kept it from writing is to crash. That has to be said before everything else.
void be_quiet() {
  static const herr_t once = H5dont_atexit();
  static_cast<void>(once);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

[[noreturn]] void fail_at(const std::string& what, const std::string& path) { throw H5Error(fmt::format("{} '{}'", what, path)); }

H5Handle checked(hid_t id, herr_t (*close)(hid_t), const char* what, const std::string& path) {
  if (id < 0) fail_at(what, path);
  return {id, close};
}

template <class T> hid_t memory_type();
template <> hid_t memory_type<float>() { return H5T_NATIVE_FLOAT; }
template <> hid_t memory_type<double>() { return H5T_NATIVE_DOUBLE; }
template <> hid_t memory_type<std::uint32_t>() { return H5T_NATIVE_UINT32; }
template <> hid_t memory_type<std::int32_t>() { return H5T_NATIVE_INT32; }
template <> hid_t memory_type<std::uint64_t>() { return H5T_NATIVE_UINT64; }

// Groups as needed, and no time stamps: they are all that would make two equal files differ.
H5Handle link_properties() {
  H5Handle links = checked(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "cannot make properties for", "links");
  H5Pset_create_intermediate_group(links.get(), 1);
  return links;
}

H5Handle dataset_properties() {
  H5Handle properties = checked(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "cannot make properties for", "datasets");
  H5Pset_obj_track_times(properties.get(), false);
  return properties;
}

}  // namespace

H5File H5File::create(const std::filesystem::path& file) {
  be_quiet();
  return H5File(checked(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose, "cannot create", file.string()));
}

H5File H5File::open(const std::filesystem::path& file) {
  be_quiet();
  return H5File(checked(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "not a complete HDF5 file:", file.string()));
}

template <class T>
void H5File::write(const std::string& path, const std::vector<T>& values, std::vector<hsize_t> shape) {
  const H5Handle space = checked(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose, "cannot shape", path);
  const H5Handle links = link_properties(), properties = dataset_properties();
  const H5Handle dataset = checked(H5Dcreate2(file_.get(), path.c_str(), memory_type<T>(), space.get(), links.get(), properties.get(), H5P_DEFAULT), H5Dclose, "cannot create dataset", path);
  if (!values.empty() && H5Dwrite(dataset.get(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) fail_at("cannot write dataset", path);
}

void H5File::write_text(const std::string& path, const std::string& text) {
  // Bytes of fixed length: plain data like everything else, and it may hold any text.
  const H5Handle type = checked(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a type for", path);
  H5Tset_size(type.get(), std::max<std::size_t>(text.size(), 1));
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  const H5Handle space = checked(H5Screate(H5S_SCALAR), H5Sclose, "cannot shape", path);
  const H5Handle links = link_properties(), properties = dataset_properties();
  const H5Handle dataset = checked(H5Dcreate2(file_.get(), path.c_str(), type.get(), space.get(), links.get(), properties.get(), H5P_DEFAULT), H5Dclose, "cannot create dataset", path);
  const std::string padded = text.empty() ? std::string(1, '\0') : text;
  if (H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, padded.data()) < 0) fail_at("cannot write dataset", path);
}

bool H5File::has(const std::string& path) const {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {  // every group on the way must exist
    if (H5Lexists(file_.get(), path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
    if (slash == std::string::npos) return true;
  }
}

std::vector<std::string> H5File::names(const std::string& group) const {
  const H5Handle handle = checked(H5Gopen2(file_.get(), group.c_str(), H5P_DEFAULT), H5Gclose, "no group", group);
  std::vector<std::string> out;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(name);
    return 0;
  };
  hsize_t position = 0;
  if (H5Literate(handle.get(), H5_INDEX_NAME, H5_ITER_INC, &position, add, &out) < 0) fail_at("cannot list group", group);
  return out;
}

std::uint64_t H5File::file_bytes() const {
  hsize_t bytes = 0;
  return H5Fget_filesize(file_.get(), &bytes) < 0 ? 0 : bytes;
}

template <class T>
H5Array<T> H5File::read(const std::string& path) const {
  const H5Handle dataset = checked(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT), H5Dclose, "no dataset", path);
  const H5Handle space = checked(H5Dget_space(dataset.get()), H5Sclose, "no shape for dataset", path);
  H5Array<T> out;
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0) fail_at("no shape for dataset", path);
  out.shape.resize(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), out.shape.data(), nullptr);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  // A damaged shape must not become an allocation: nothing is compressed, so no array is larger than its file.
  const H5Handle type = checked(H5Dget_type(dataset.get()), H5Tclose, "no type for dataset", path);
  if (count < 0 || static_cast<std::uint64_t>(count) > file_bytes() / std::max<std::size_t>(H5Tget_size(type.get()), 1)) fail_at("impossible shape of dataset", path);
  out.values.resize(static_cast<std::size_t>(count));
  if (count > 0 && H5Dread(dataset.get(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.values.data()) < 0) fail_at("cannot read dataset", path);
  return out;
}

std::string H5File::read_text(const std::string& path) const {
  const H5Handle dataset = checked(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT), H5Dclose, "no dataset", path);
  const H5Handle type = checked(H5Dget_type(dataset.get()), H5Tclose, "no type for dataset", path);
  const std::size_t size = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) > 0 || size > file_bytes()) fail_at("not a text:", path);
  std::string out(size, '\0');
  if (H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) < 0) fail_at("cannot read dataset", path);
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}

void H5File::close() {
  const bool flushed = H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) >= 0;
  file_.reset();
  if (!flushed) throw H5Error("cannot write the file to the disk");
}

template void H5File::write<float>(const std::string&, const std::vector<float>&, std::vector<hsize_t>);
template void H5File::write<double>(const std::string&, const std::vector<double>&, std::vector<hsize_t>);
template void H5File::write<std::uint32_t>(const std::string&, const std::vector<std::uint32_t>&, std::vector<hsize_t>);
template void H5File::write<std::int32_t>(const std::string&, const std::vector<std::int32_t>&, std::vector<hsize_t>);
template void H5File::write<std::uint64_t>(const std::string&, const std::vector<std::uint64_t>&, std::vector<hsize_t>);
template H5Array<float> H5File::read<float>(const std::string&) const;
template H5Array<double> H5File::read<double>(const std::string&) const;
template H5Array<std::uint32_t> H5File::read<std::uint32_t>(const std::string&) const;
template H5Array<std::int32_t> H5File::read<std::int32_t>(const std::string&) const;
template H5Array<std::uint64_t> H5File::read<std::uint64_t>(const std::string&) const;

}  // namespace antidrome
