#include "runtime/data/shd_writer.hpp"

#include "runtime/data/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace antidrome::data {
namespace {

H5Handle checked(hid_t id, herr_t (*close)(hid_t)) {
  if (id < 0) throw H5Error("cannot write the file");
  return {id, close};
}

void checked(herr_t status) {
  if (status < 0) throw H5Error("cannot write the file");
}

// IEEE 754 binary16: HDF5 1.10 has no name for it.
H5Handle half_type() {
  H5Handle type = checked(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  checked(H5Tset_fields(type.get(), 15, 10, 5, 0, 10));
  checked(H5Tset_size(type.get(), 2));
  checked(H5Tset_ebias(type.get(), 15));
  return type;
}

H5Handle variable_length(hid_t of) { return checked(H5Tvlen_create(of), H5Tclose); }

H5Handle group(hid_t in, const char* name) {
  const H5Handle properties = checked(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  return checked(H5Gcreate2(in, name, H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Gclose);
}

H5Handle dataset(hid_t in, const char* name, hid_t type, std::size_t count) {
  const hsize_t size = count;
  const H5Handle space = checked(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const H5Handle properties = checked(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);   // equal content is equal bytes
  return checked(H5Dcreate2(in, name, type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
}

// As narrow as the values allow: uint8, as published files have it, else uint16.
void write_numbers(hid_t in, const char* name, const std::vector<std::uint16_t>& values) {
  const bool narrow = std::all_of(values.begin(), values.end(), [](std::uint16_t v) { return v <= 255; });
  const H5Handle out = dataset(in, name, narrow ? H5T_STD_U8LE : H5T_STD_U16LE, values.size());
  if (!values.empty()) checked(H5Dwrite(out.get(), H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
}

H5Handle text_type(std::size_t size) {
  H5Handle type = checked(H5Tcopy(H5T_C_S1), H5Tclose);
  checked(H5Tset_size(type.get(), std::max<std::size_t>(size, 1)));
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD));
  return type;
}

void write_texts(hid_t in, const char* name, const std::vector<std::string>& texts) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  std::string bytes;
  for (const std::string& text : texts) bytes += text + std::string(width - text.size(), '\0');
  const H5Handle type = text_type(width), out = dataset(in, name, type.get(), texts.size());
  if (!texts.empty()) checked(H5Dwrite(out.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()));
}

void write_attribute(hid_t of, const char* name, const std::string& text) {
  const H5Handle type = text_type(text.size()), space = checked(H5Screate(H5S_SCALAR), H5Sclose);
  const H5Handle attribute = checked(H5Acreate2(of, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  checked(H5Awrite(attribute.get(), type.get(), text.empty() ? "\0" : text.c_str()));
}

void write_element(hid_t to, hid_t memory_type, std::size_t index, const hvl_t& value) {
  const hsize_t start = index, count = 1;
  const H5Handle file = checked(H5Dget_space(to), H5Sclose), memory = checked(H5Screate_simple(1, &count, nullptr), H5Sclose);
  checked(H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr));
  checked(H5Dwrite(to, memory_type, memory.get(), file.get(), H5P_DEFAULT, &value));
}

void sync(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = descriptor >= 0 && fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (!good) throw H5Error(std::strerror(error));
}

// HDF5 1.10 does not survive a failed write: what it cannot flush it cannot close, and the process crashes when it ends. So the
// disk space is reserved before HDF5 writes: `bytes` more than the file has now, and what HDF5 still holds in its caches.
void reserve(hid_t hdf5, std::size_t bytes, std::uint64_t& reserved) {
  constexpr std::uint64_t caches = 8 << 20, at_once = 32 << 20;
  hsize_t size = 0;
  void* handle = nullptr;
  checked(H5Fget_filesize(hdf5, &size));
  if (size + bytes + caches <= reserved) return;
  checked(H5Fget_vfd_handle(hdf5, H5P_DEFAULT, &handle));
  const std::uint64_t wanted = size + bytes + caches + at_once;
  if (const int error = posix_fallocate(*static_cast<int*>(handle), 0, static_cast<off_t>(wanted)); error != 0) throw H5Error(std::strerror(error));
  reserved = wanted;
}

[[noreturn]] void cannot_write(const std::filesystem::path& file, const std::string& why) {
  std::error_code ignored;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const std::filesystem::space_info space = std::filesystem::space(folder, ignored);
  const std::string free = ignored ? "" : fmt::format(" ({} MiB are free there)", space.available >> 20);
  throw DataError("AD550", {file.string(), {}, {}}, fmt::format("the file cannot be written: {}", why), fmt::format("is the folder there, writable, and not full?{}", free));
}

}  // namespace

ShdWriter::ShdWriter(std::filesystem::path file, std::size_t samples, ShdHeader header)
    : file_(std::move(file)), temporary_(file_.string() + ".tmp"), header_(std::move(header)), labels_(samples), speakers_(samples), takes_(samples), missing_(samples), written_(samples) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);   // errors are told by us
  try {
    hdf5_ = checked(H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const H5Handle spikes = group(hdf5_.get(), "spikes");
    times_type_ = variable_length(H5T_NATIVE_DOUBLE);   // HDF5 rounds to half precision
    units_type_ = variable_length(H5T_NATIVE_UINT16);
    times_ = dataset(spikes.get(), "times", variable_length(header_.half ? half_type().get() : hid_t{H5T_IEEE_F64LE}).get(), samples);
    units_ = dataset(spikes.get(), "units", variable_length(H5T_STD_U16LE).get(), samples);
  } catch (const H5Error&) {
    cannot_write(file_, "it cannot be created");
  }
}

ShdWriter::~ShdWriter() {
  times_.reset();
  units_.reset();
  hdf5_.reset();
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove(temporary_, ignored);
}

void ShdWriter::write(std::size_t index, const ShdSample& sample) {
  if (index >= written_.size() || written_[index]) throw std::invalid_argument(fmt::format("sample {} is not one of those to be written", index));
  if (sample.times_s.size() != sample.units.size()) throw std::invalid_argument("a sample has as many times as units");
  if (sample.label >= header_.keys.size() || (!header_.speakers.empty() && sample.speaker >= header_.speakers.size())) throw std::invalid_argument(fmt::format("sample {} has a label or a speaker that the header does not know", index));
  try {
    reserve(hdf5_.get(), (header_.half ? 4 : 10) * sample.units.size() + 64, reserved_);
    // hvl_t knows no const; writing changes nothing.
    write_element(times_.get(), times_type_.get(), index, {sample.times_s.size(), const_cast<double*>(sample.times_s.data())});
    write_element(units_.get(), units_type_.get(), index, {sample.units.size(), const_cast<std::uint16_t*>(sample.units.data())});
  } catch (const H5Error& error) {
    cannot_write(file_, error.what());
  }
  labels_[index] = sample.label, speakers_[index] = sample.speaker, takes_[index] = sample.take;
  written_[index] = true;
  --missing_;
}

void ShdWriter::write_all() {
  reserve(hdf5_.get(), 16 * labels_.size() + 256 * (header_.keys.size() + header_.speakers.size()), reserved_);
  write_numbers(hdf5_.get(), "labels", labels_);
  const H5Handle extra = group(hdf5_.get(), "extra"), meta = group(extra.get(), "meta_info");
  if (!header_.speakers.empty()) write_numbers(extra.get(), "speaker", speakers_);
  if (header_.takes) write_numbers(extra.get(), "take", takes_);
  write_texts(extra.get(), "keys", header_.keys);
  std::vector<std::string> genders;
  std::vector<std::uint16_t> ages, heights;
  for (const ShdSpeaker& speaker : header_.speakers) {
    genders.push_back(speaker.gender);
    ages.push_back(speaker.age);
    heights.push_back(speaker.body_height);
  }
  write_texts(meta.get(), "gender", genders);
  write_numbers(meta.get(), "age", ages);
  write_numbers(meta.get(), "body_height", heights);
  write_attribute(hdf5_.get(), "source", header_.source);
  if (header_.units > 0) write_attribute(hdf5_.get(), "units", fmt::format("{}", header_.units));
  std::string names;
  for (const ShdSpeaker& speaker : header_.speakers) names += (names.empty() ? "" : ",") + speaker.name;
  if (names.size() >= header_.speakers.size() && !names.empty()) write_attribute(hdf5_.get(), "speaker_names", names);
}

void ShdWriter::finish() {
  if (missing_ > 0) throw std::invalid_argument(fmt::format("{} samples were not written", missing_));
  try {
    write_all();
    times_.reset();
    units_.reset();
    checked(H5Fflush(hdf5_.get(), H5F_SCOPE_GLOBAL));
    hsize_t size = 0;
    checked(H5Fget_filesize(hdf5_.get(), &size));
    hdf5_.reset();
    std::filesystem::resize_file(temporary_, size);   // what was reserved and not needed
    sync(temporary_);
    std::filesystem::rename(temporary_, file_);
    temporary_.clear();
  } catch (const H5Error& error) {
    cannot_write(file_, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    cannot_write(file_, error.code().message());
  }
}

}  // namespace antidrome::data
