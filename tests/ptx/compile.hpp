// PTX of kernel text, by nvcc; kept in the build folder under a hash of what it is made of.
#pragma once
#include <filesystem>
#include <string>

namespace antidrome::test {

/// The compiler, or an empty path where there is none.
std::filesystem::path nvcc();

/// PTX for sm_90, without contraction of sums and products, so that it rounds as the text says. `header`: what an #include of <antidrome/emulated_device.h>
/// is taken for. Throws std::runtime_error with the compiler's output.
std::string ptx_of(const std::string& text, const std::string& name);

}  // namespace antidrome::test

#define ANTIDROME_NEEDS_NVCC() \
  if (antidrome::test::nvcc().empty()) GTEST_SKIP() << "SKIP: no nvcc"
