// Work on foreign files in a process of its own: libraries for file formats do not survive every damaged file, we do.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace antidrome::data {

/// Runs `work` in a child process and waits for it. What it throws is thrown here too (a DataError as it was, anything else as AD526);
/// a crash becomes DataError AD526 that names `place`. What `work` changes in memory is lost: it hands over files.
/// So does taking more than `limit_s` seconds of processor time: damage can also make a library go round in circles.
/// A child also gives back the memory that the libraries took, and its use of HDF5 meets nobody else's.
/// $ANTIDROME_ONE_PROCESS, if set, keeps the work in this process: for debuggers and for tests that look for errors in our readers.
void guarded(const std::string& place, std::uint64_t limit_s, const std::function<void()>& work);

}  // namespace antidrome::data
