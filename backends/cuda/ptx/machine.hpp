// Runs PTX. docs/ptx.md says what that proves, and what it does not.
//
//   ptx::Machine machine(ptx::parse(text, "kernels.ptx"));
//   const ptx::Address x = machine.allocate(4000, "x");
//   machine.upload(x, values.data(), 4000);
//   const ptx::LaunchReport r = machine.launch("scale", {.grid = {8}, .block = {128}}, bytes_of(arguments));
//   fmt::print("{} cycles by the model\n{}", r.cycles, machine.counters().text());
#pragma once
#include <cstddef>
#include <map>
#include <span>

#include "backends/cuda/ptx/counters.hpp"
#include "backends/cuda/ptx/error.hpp"
#include "backends/cuda/ptx/kernel.hpp"
#include "backends/cuda/ptx/memory.hpp"
#include "backends/cuda/ptx/model.hpp"
#include "backends/cuda/ptx/syntax.hpp"

namespace antidrome::ptx {

struct Shape {
  Dim grid, block;
  std::uint32_t dynamic_shared_bytes = 0;
};

struct Options {
  DeviceModel model = {};
  std::uint32_t shared_limit = 227 * 1024;      ///< of a block, static and dynamic together
  std::uint64_t instruction_limit = std::uint64_t{1} << 36;   ///< of the warps of a launch: more are taken for a kernel that does not end
};

/// Memory, a module and launches, one after the other as on a stream. Everything is deterministic: blocks and warps run in order.
class Machine {
 public:
  /// Throws Error for an instruction that is not known.
  explicit Machine(Syntax syntax, const Options& options = {});

  Address allocate(std::size_t bytes, std::string name = "memory") { return memory_.allocate(bytes, std::move(name)); }
  /// Throws std::invalid_argument, as the following do when the bytes are not all in one allocation.
  void free(Address a) { memory_.free(a); }
  void upload(Address to, const void* from, std::size_t bytes);
  void download(void* to, Address from, std::size_t bytes);
  void clear(Address to, std::size_t bytes);

  /// `arguments`: the bytes of all parameters as PTX lays them out. Throws Error for what the kernel does wrong, and std::invalid_argument for a launch
  /// that CUDA would refuse.
  LaunchReport launch(std::string_view kernel, const Shape& shape, std::span<const std::byte> arguments);

  /// Of all launches since the machine was made or forget() was called.
  Counters counters() const;
  void forget() { done_.clear(); }
  std::vector<std::string> kernels() const;

 private:
  struct Done {
    const Kernel* kernel = nullptr;
    KernelReport report = {};
    std::vector<Executed> executed = {};
  };

  const Kernel& find(std::string_view name) const;
  void check(const Kernel& k, const Shape& shape, std::span<const std::byte> arguments) const;
  void remember(const Kernel& k, const LaunchReport& r, const std::vector<Executed>& executed);
  std::vector<LineReport> lines_of(const Kernel& k, const std::vector<Executed>& executed) const;
  std::byte* bytes(Address a, std::size_t n, const char* what);

  Options options_;
  Memory memory_;
  Decoded module_;
  std::vector<Done> done_;
  std::map<const Kernel*, std::vector<std::uint32_t>> orders_;   ///< issue_order() of those that were launched
};

/// The argument bytes of a kernel that takes one struct.
template <class T>
std::span<const std::byte> bytes_of(const T& arguments) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const std::byte*>(&arguments), sizeof(T)};
}

}  // namespace antidrome::ptx
