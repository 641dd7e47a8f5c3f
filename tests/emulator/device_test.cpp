// Memory, modules and launches as a host sees them.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::Defect;
using emulator::Device;
using emulator::Mode;

template <class E, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

// ---- memory

TEST(Memory, is_poisoned_until_it_is_written) {
  Device device;
  float* x = device.allocate<float>(3);
  for (const float v : device.download(x, 3)) EXPECT_TRUE(v != v);
  device.clear(x, 12);
  EXPECT_EQ(device.download(x, 3), (std::vector<float>{0, 0, 0}));
}

TEST(Memory, is_aligned_as_on_a_device) {
  Device device;
  for (const std::size_t bytes : {1, 100, 4097, 300000}) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(device.allocate(bytes)) % 256, 0u);
}

TEST(Memory, keeps_what_is_uploaded_beside_other_allocations) {
  Device device;
  std::vector<float*> all;
  for (int k = 0; k < 50; ++k) {
    const std::vector<float> values(1000 + k, static_cast<float>(k));
    all.push_back(device.upload<float>(std::span<const float>(values)));
  }
  for (int k = 0; k < 50; k += 2) device.free(all[k]);
  for (int k = 1; k < 50; k += 2) EXPECT_EQ(device.download(all[k], 1000 + k), std::vector<float>(1000 + k, static_cast<float>(k)));
}

TEST(Memory, that_is_freed_is_used_again) {
  Device device({.address_space = std::size_t{1} << 26});         // 64 MB: 16 of these allocations would not fit
  for (int k = 0; k < 40; ++k) device.free(device.allocate(4 << 20));
  EXPECT_THROW(device.allocate(std::size_t{1} << 30), std::bad_alloc);
  device.allocate(4 << 20);
}

TEST(Memory, outside_an_allocation_is_refused_with_what_is_there) {
  Device device;
  auto* x = device.allocate<float>(4, "weights");
  float v[8] = {};
  EXPECT_NE(message_of<std::invalid_argument>([&] { device.upload(x, v, 20); }).find("more than 'weights' has from there (16 bytes in all)"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { device.download(v, x + 4, 4); }).find("more than 'weights' has from there"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { device.download(v, x - 1, 4); }).find("4 bytes before 'weights' (16 bytes)"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { device.clear(v, 4); }).find("no address of the device"), std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { device.free(x + 1); }).find("byte 4 of 'weights'"), std::string::npos);
  device.free(x);
  EXPECT_THROW(device.free(x), std::invalid_argument);
}

// ---- modules

TEST(Module, tells_its_kernels_and_refuses_others) {
  const emulator::Module m = test::compiled("spiking.cu", Mode::plain);
  EXPECT_EQ(m.kernels(), (std::vector<std::string>{"forward_trial", "backward_trial", "gather_gradient"}));
  EXPECT_FALSE(m.checked());
  EXPECT_NE(message_of<std::invalid_argument>([&] { m.kernel("sideward_trial"); }).find("has no kernel 'sideward_trial'; it has forward_trial, backward_trial, gather_gradient"), std::string::npos);
}

TEST(Module, that_is_none_is_refused) {
  EXPECT_NE(message_of<std::runtime_error>([] { emulator::Module::load("/nowhere.so"); }).find("cannot load kernels: /nowhere.so"), std::string::npos);
  EXPECT_NE(message_of<std::runtime_error>([] { emulator::Module::load("/proc/self/exe"); }).find("cannot"), std::string::npos);
}

TEST(Module, of_text_that_does_not_compile_says_what_the_compiler_says) {
  const std::string said = message_of<emulator::CompileError>([] { test::compiled_text("#include <antidrome/emulated_device.h>\nint x = missing;\n", "broken.cu", Mode::plain); });
  EXPECT_NE(said.find("broken.cu:2:9: error"), std::string::npos) << said;
  const std::string none = message_of<emulator::CompileError>([] { test::compiled_text("", "empty.cu", Mode::plain, "no-such-compiler"); });
  EXPECT_NE(none.find("ended with status 127"), std::string::npos) << none;
}

/// The same names in both, which must not be mixed up.
std::string text_of(int value) {
  return "#include <antidrome/emulated_device.h>\nstruct A { int* x; };\n__device__ int helper() { return " + std::to_string(value) +
         "; }\nextern \"C\" __global__ void k(const A a) { __shared__ int s[4]; s[threadIdx.x] = helper(); __syncthreads(); a.x[threadIdx.x] = s[threadIdx.x ^ 1]; }\nANTIDROME_KERNEL(k, A)\n";
}

TEST(Module, beside_another_one_with_the_same_names_is_itself) {
  for (const Mode mode : {Mode::plain, Mode::checked}) {
    const emulator::Module one = test::compiled_text(text_of(1), "one.cu", mode), two = test::compiled_text(text_of(2), "two.cu", mode);
    Device first({.check = mode == Mode::checked}), second({.check = mode == Mode::checked});
    struct { int* x; } a{first.allocate<int>(4)}, b{second.allocate<int>(4)}, c{first.allocate<int>(4)};
    for (int k = 0; k < 2; ++k) {
      ASSERT_TRUE(first.launch(one.kernel("k"), {.grid = {1}, .block = {4}}, emulator::bytes_of(a)));
      ASSERT_TRUE(second.launch(two.kernel("k"), {.grid = {1}, .block = {4}}, emulator::bytes_of(b)));
      ASSERT_TRUE(first.launch(two.kernel("k"), {.grid = {1}, .block = {4}}, emulator::bytes_of(c)));
    }
    EXPECT_EQ(first.download(a.x, 4), std::vector<int>(4, 1));
    EXPECT_EQ(second.download(b.x, 4), std::vector<int>(4, 2));
    EXPECT_EQ(first.download(c.x, 4), std::vector<int>(4, 2));
    EXPECT_TRUE(first.report().clean() && second.report().clean()) << first.report().text() << second.report().text();
  }
}

// ---- launches

TEST(Launch, that_a_device_would_refuse_is_refused) {
  const emulator::Module m = test::compiled_text(text_of(1), "one.cu", Mode::plain);
  const emulator::Kernel k = m.kernel("k");
  Device device;
  struct { int* x; } a{device.allocate<int>(4)};
  const auto refused = [&](const emulator::Shape& shape, std::span<const std::byte> arguments) { return message_of<std::invalid_argument>([&] { device.launch(k, shape, arguments); }); };
  const auto bytes = emulator::bytes_of(a);
  EXPECT_EQ(refused({.grid = {1}, .block = {1025}}, bytes), "launch of k: 1025 threads in a block, 1024 are the most");
  EXPECT_EQ(refused({.grid = {0}, .block = {32}}, bytes), "launch of k: no threads or no blocks");
  EXPECT_EQ(refused({.grid = {1}, .block = {32}, .dynamic_shared_bytes = 300000}, bytes), "launch of k: 300000 bytes of dynamic shared memory, 232448 are the most");
  EXPECT_EQ(refused({.grid = {1}, .block = {32}}, bytes.first(4)), "launch of k: its arguments have 8 bytes, 4 were given");
  EXPECT_EQ(refused({.grid = {1 << 20, 1 << 20}, .block = {32}}, bytes), "launch of k: 1099511627776 blocks are more than the emulator can number");
  Device checks({.check = true});
  EXPECT_EQ(message_of<std::invalid_argument>([&] { checks.launch(k, {.grid = {1}, .block = {4}}, bytes); }), "launch of k: the device checks, but the module was compiled plain: the checker would not see its writes");
}

TEST(Launch, of_a_checked_module_on_a_device_that_does_not_check_runs) {
  const emulator::Module m = test::compiled_text(text_of(1), "one.cu", Mode::checked);
  Device device;
  struct { int* x; } a{device.allocate<int>(4)};
  EXPECT_TRUE(device.launch(m.kernel("k"), {.grid = {1}, .block = {4}}, emulator::bytes_of(a)));
  EXPECT_EQ(device.download(a.x, 4), std::vector<int>(4, 1));
  EXPECT_TRUE(device.counters().lines.empty());
}

struct Arguments {
  float* x;
  unsigned* u;
  unsigned short* s;
  float* fresh;
  unsigned n;
};

/// Of plain code nothing is looked at; what the processor and the scheduler notice ends the launch, and not the process.
class PlainFaults : public testing::TestWithParam<std::tuple<std::string, Defect>> {};
INSTANTIATE_TEST_SUITE_P(, PlainFaults,
                         testing::Values(std::tuple("a_null_pointer", Defect::illegal_address), std::tuple("an_endless_recursion", Defect::stack_overflow), std::tuple("a_division_by_zero", Defect::division_by_zero),
                                         std::tuple("a_trap", Defect::trap), std::tuple("a_barrier_in_a_branch", Defect::divergent_barrier), std::tuple("a_barrier_after_an_early_return", Defect::divergent_barrier),
                                         std::tuple("a_barrier_that_some_never_reach", Defect::divergent_barrier), std::tuple("a_ballot_in_a_branch", Defect::divergent_warp_operation),
                                         std::tuple("lanes_that_wait_for_lanes_at_a_barrier", Defect::deadlock), std::tuple("a_mask_without_the_lane", Defect::wrong_mask)),
                         [](const auto& p) { return std::get<0>(p.param); });

TEST_P(PlainFaults, end_the_launch_alone) {
  const emulator::Module m = test::compiled("defects.cu", Mode::plain);
  for (const std::uint64_t seed : {0, 1}) {
    Device device({.seed = seed});
    const Arguments a{device.allocate<float>(256), device.allocate<unsigned>(256), device.allocate<unsigned short>(256), device.allocate<float>(256), 256};
    device.clear(a.x, 1024), device.clear(a.u, 1024), device.clear(a.s, 512);
    const std::string& kernel = std::get<0>(GetParam());
    EXPECT_FALSE(device.launch(m.kernel(kernel), {.grid = {2}, .block = {64}}, emulator::bytes_of(a)));
    const auto findings = device.report().findings;
    ASSERT_EQ(findings.size(), 1u) << device.report().text();
    EXPECT_EQ(findings[0].defect, std::get<1>(GetParam())) << findings[0].text();
    EXPECT_EQ(findings[0].at.text().substr(0, 11), "defects.cu:") << findings[0].text();
    EXPECT_TRUE(device.launch(m.kernel("clean_exchange_by_barriers"), {.grid = {1}, .block = {128}}, emulator::bytes_of(a)));
  }
}

TEST(PlainFault, far_beside_an_array_is_told_by_its_name) {
  const emulator::Module m = test::compiled_text("#include <antidrome/emulated_device.h>\nstruct A { float* x; unsigned at; };\nextern \"C\" __global__ void k(const A a) {\n  a.x[a.at] = 1;\n}\nANTIDROME_KERNEL(k, A)\n",
                                                 "far.cu", Mode::plain);
  Device device;
  struct { float* x; unsigned at; } a{device.allocate<float>(1000, "weights"), 30000};
  EXPECT_FALSE(device.launch(m.kernel("k"), {.grid = {1}, .block = {1}}, emulator::bytes_of(a)));
  EXPECT_EQ(device.report().text(), "k: out of bounds at far.cu:4: 116000 bytes past the end of 'weights' (4000 bytes) (block 0,0,0 thread 0,0,0)\n");
}

TEST(Orders, are_the_same_of_the_same_seed_and_others_of_another) {
  const emulator::Module m = test::compiled_text("#include <antidrome/emulated_device.h>\nstruct A { unsigned* x; };\nextern \"C\" __global__ void k(const A a) { a.x[blockIdx.x * 64 + threadIdx.x] = atomicAdd(a.x + 640, 1u); }\nANTIDROME_KERNEL(k, A)\n",
                                                 "tickets.cu", Mode::plain);
  const auto tickets = [&](std::uint64_t seed) {
    Device device({.seed = seed});
    struct { unsigned* x; } a{device.allocate<unsigned>(641)};
    device.clear(a.x, 641 * 4);
    device.launch(m.kernel("k"), {.grid = {10}, .block = {64}}, emulator::bytes_of(a));
    return device.download(a.x, 640);
  };
  const auto in_order = tickets(0), one = tickets(1);
  for (unsigned k = 0; k < 640; ++k) EXPECT_EQ(in_order[k], k);
  EXPECT_EQ(one, tickets(1));
  EXPECT_NE(one, in_order);
  EXPECT_NE(one, tickets(2));
}

}  // namespace
}  // namespace antidrome
