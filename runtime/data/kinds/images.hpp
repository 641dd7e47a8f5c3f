// Images as spikes: MNIST, Fashion-MNIST, and any other pair of IDX files.
#pragma once
#include "runtime/data/kinds/idx.hpp"
#include "runtime/data/kinds/image_codes.hpp"

#include <cstdint>

namespace antidrome::data {

/// The images `records` of a pair of files, with `classes` labels (0: as many as the labels need).
/// Throws DataError AD515 (unequal numbers), AD516 (label out of range), AD517 (no records), AD518 (too many pixels).
std::unique_ptr<Dataset> make_images(std::string name, const IdxFile& images, const IdxFile& labels, const std::vector<std::uint32_t>& records, std::uint32_t classes,
                                     ImageCode code);

}  // namespace antidrome::data
