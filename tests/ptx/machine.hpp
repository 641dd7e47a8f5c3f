// Kernels written by hand, with one array of 32-bit numbers.
#pragma once
#include "tests/ptx/lanes.hpp"

namespace antidrome::test {

constexpr const char* registers = ".reg .pred %p, %q;\n.reg .b16 %h<4>;\n.reg .b32 %t, %x<12>;\n.reg .b64 %at, %out, %y<12>;\n.reg .f32 %f<12>;\n.reg .f64 %g<4>;\n"
                                  "ld.param.u64 %out, [out];\nmov.u32 %t, %tid.x;\nmul.wide.u32 %at, %t, 4;\nadd.u64 %at, %at, %out;\n";

/// A machine with one kernel k(out); `body` may use the registers above, where %at is the address of the thread's own number.
struct Written {
  explicit Written(const std::string& body, std::size_t numbers = 64, const ptx::Options& options = {}, const std::string& head = "")
      : machine(ptx::parse(module_text(".param .u64 out", registers + body, head), "test.ptx"), options), out(machine.allocate(4 * numbers, "out")), count(numbers) {
    machine.clear(out, 4 * numbers);
  }
  ptx::LaunchReport launch(const ptx::Shape& shape = {.grid = {}, .block = {64}}) { return machine.launch("k", shape, ptx::bytes_of(out)); }
  std::vector<u32> numbers() {
    std::vector<u32> v(count);
    machine.download(v.data(), out, 4 * count);
    return v;
  }
  std::vector<u32> run(const ptx::Shape& shape = {.grid = {}, .block = {64}}) {
    launch(shape);
    return numbers();
  }

  ptx::Machine machine;
  ptx::Address out;
  std::size_t count;
};

/// What the kernel is told when it goes wrong.
inline std::string message_of(const std::string& body, const ptx::Shape& shape = {.grid = {}, .block = {64}}, const ptx::Options& options = {}) {
  try {
    Written(body, 64, options).launch(shape);
  } catch (const ptx::Error& e) {
    return e.what();
  }
  return "nothing is wrong";
}

inline bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

}  // namespace antidrome::test

#define EXPECT_SAYS(message, part) EXPECT_PRED2(antidrome::test::says, message, part)
