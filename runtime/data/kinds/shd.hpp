// Files in the format of the Spiking Heidelberg Digits (SHD) and Spiking Speech Commands (SSC): HDF5 with
//   spikes/times   per sample the times in seconds, variable length, half precision
//   spikes/units   per sample the units
//   labels         per sample the class
//   extra/speaker  per sample the speaker; optional
//   extra/keys     names of the classes; optional
//   extra/take     per sample the number of the repetition; ours, optional, like the attributes units and speaker_names
// Cramer, Stradmann, Schemmel & Zenke, "The Heidelberg spiking data sets" (2020).
#pragma once
#include "runtime/data/store/event_store.hpp"

#include <filesystem>
#include <string>

namespace antidrome::data {

/// Reads a file, compressed or not, into the store behind `out`. `units` is the number of units, which the format does not tell; 0: what the
/// file's attribute `units` says, else 700.
/// Samples that are not sorted by time are sorted, and a note counts them. Takes that the file lacks are counted from 0 for each
/// speaker and class, in the order of the file.
/// Throws DataError AD522 (not such a file), AD523 (a record that cannot be read), AD516 (a label below 0), and what EventStoreWriter throws.
void read_shd(const std::filesystem::path& file, std::uint32_t units, int out, const std::string& key);

}  // namespace antidrome::data
