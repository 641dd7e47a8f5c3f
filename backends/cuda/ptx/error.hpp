// What went wrong in a module or a launch, with its place.
#pragma once
#include <stdexcept>

namespace antidrome::ptx {

/// The message names the line of the kernel's text, the line of the PTX and the instruction.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace antidrome::ptx
