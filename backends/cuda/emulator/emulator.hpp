// Runs the text of CUDA kernels on the CPU. docs/emulator.md says what that proves, and what it does not.
//
//   emulator::compile("kernels.cu", "kernels.so", emulator::Mode::checked, {.include_folders = {"runtime/include"}});
//   const emulator::Module module = emulator::Module::load("kernels.so");
//   emulator::Device device({.seed = 1, .check = true});
//   auto* x = device.allocate<float>(1000, "x");
//   device.upload(x, values.data(), 1000);
//   device.launch(module.kernel("scale"), {.grid = {8}, .block = {128}}, emulator::bytes_of(Arguments{x, 1000}));
//   fmt::print("{}{}", device.report().text(), device.counters().text());
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "backends/cuda/emulator/counters.hpp"
#include "backends/cuda/emulator/report.hpp"

namespace antidrome::emulator {

// ---- from text to a module

enum class Mode {
  plain,                                        ///< fast: for results
  checked,                                      ///< every access is seen: for the checker and the counters
};

struct Compiler {
  std::string command = "g++";                  ///< or clang++
  std::vector<std::string> include_folders;     ///< at least the one of antidrome/device.h
  std::vector<std::string> flags;               ///< more of them, such as -DNAME=VALUE
};

/// The commands that make a module of one source file, each a list of arguments; for callers who run and cache them themselves.
std::vector<std::vector<std::string>> compile_commands(const std::string& source, const std::string& module, Mode mode, const Compiler& compiler);

struct CompileError : std::runtime_error {
  using std::runtime_error::runtime_error;      ///< command and output of the compiler
};
/// Runs them. Throws CompileError.
void compile(const std::string& source, const std::string& module, Mode mode, const Compiler& compiler);

struct LoadedModule;

/// A kernel of a module, which stays loaded as long as there is one.
struct Kernel {
  std::string name;
  std::size_t argument_bytes = 0;               ///< of the one struct that it takes
  void (*run)(const void* arguments) = nullptr;
  std::shared_ptr<LoadedModule> module;
};

/// A loaded module. Cheap to copy; copies are the same module. Several can be loaded at once.
class Module {
 public:
  /// Throws std::runtime_error: no such file, not a module, one of another version.
  static Module load(const std::string& path);
  /// Throws std::invalid_argument with the names that there are.
  Kernel kernel(std::string_view name) const;
  std::vector<std::string> kernels() const;
  bool checked() const;

 private:
  std::shared_ptr<LoadedModule> loaded_;
};

// ---- the device

struct Dim {
  std::uint32_t x = 1, y = 1, z = 1;
  std::uint64_t size() const { return std::uint64_t{x} * y * z; }
  bool operator==(const Dim&) const = default;
};

struct Shape {
  Dim grid, block;
  std::uint32_t dynamic_shared_bytes = 0;
};

struct Options {
  /// 0: blocks and threads in order. Else in random orders, other ones in every launch; the same seed gives the same.
  std::uint64_t seed = 0;
  /// Look for defects and count accesses. Needs checked modules, and eight bytes for every byte of the device that a kernel touches.
  bool check = false;
  /// Fill new and shared memory with bytes 0xff, which are NaN as numbers and out of range as indices.
  bool poison = true;
  std::uint32_t shared_limit = 227 * 1024;      ///< dynamic shared memory of a block
  std::uint64_t access_limit = std::uint64_t{1} << 36;   ///< of a checked launch: more are taken for a kernel that does not end
  std::size_t address_space = std::size_t{1} << 38;      ///< addresses, not memory, that are set aside for the device
};

/// Memory and launches, one after the other, as on a stream. Modules are loaded once in a process, and so each runs on one device at a time; nothing here
/// may be called by two threads at once.
class Device {
 public:
  explicit Device(const Options& options = {});
  ~Device();
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;

  /// Undefined until written, as of cudaMalloc; aligned to 256 bytes. The name appears in findings. Throws std::bad_alloc.
  void* allocate(std::size_t bytes, std::string name = "memory");
  void free(void* memory);
  // Throw std::invalid_argument when the bytes are not all in one allocation.
  void upload(void* to, const void* from, std::size_t bytes);
  void download(void* to, const void* from, std::size_t bytes);
  void clear(void* to, std::size_t bytes, int byte = 0);

  template <class T> T* allocate(std::size_t count, std::string name = "memory") { return static_cast<T*>(allocate(count * sizeof(T), std::move(name))); }
  template <class T> T* upload(std::span<const T> values, std::string name = "memory") {
    T* memory = allocate<T>(values.size(), std::move(name));
    upload(memory, values.data(), values.size_bytes());
    return memory;
  }
  template <class T> std::vector<T> download(const T* from, std::size_t count) {
    std::vector<T> values(count);
    download(values.data(), from, count * sizeof(T));
    return values;
  }

  /// Runs one kernel to its end. False: the kernel was stopped by a fault, which is in the report; the device can be used further. A kernel with mere
  /// findings runs to its end. Throws std::invalid_argument for a launch that CUDA would refuse, and for a plain module on a device that checks.
  bool launch(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments);

  /// What was found in all launches since the device was made or forget() was called.
  Report report();
  /// What was done in them. Lines are there on a device that checks.
  Counters counters();
  void forget();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The argument bytes of a kernel.
template <class T>
std::span<const std::byte> bytes_of(const T& arguments) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const std::byte*>(&arguments), sizeof(T)};
}

}  // namespace antidrome::emulator
