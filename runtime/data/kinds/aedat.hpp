// AEDAT 3.1, the container of jAER and cAER recordings: a text header, then packets of events of one type.
#pragma once
#include "runtime/data/kinds/camera.hpp"

namespace antidrome::data {

/// An event of the sensor with its time in microseconds since the recording began.
struct CameraEvent {
  std::uint64_t time_us;
  std::uint16_t unit;
};

/// The valid polarity events of a recording; packets of other types are skipped. `name` is the file in messages.
/// Throws DataError AD527 (not such a file, or one that ends inside a packet), AD520 (a pixel that the camera lacks).
std::vector<CameraEvent> read_aedat(std::span<const std::uint8_t> content, const Camera& camera, const std::string& name);

/// A clip of a recording.
struct Clip {
  std::int32_t label;
  std::uint64_t begin_us, end_us;
};

/// A table "class,startTime_usec,endTime_usec" with classes that count from 1. Throws DataError AD527 with the line as record.
std::vector<Clip> read_clips(std::string_view content, std::int32_t classes, const std::string& name);

}  // namespace antidrome::data
