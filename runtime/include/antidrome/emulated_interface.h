// What a compiled module of kernels and the emulator know of each other. Plain data and function pointers: a module needs no symbol of the program that
// loads it. backends/cuda/emulator is the other side.
#pragma once
#include <stdint.h>

namespace antidrome {
namespace emulated {

/// Changes whenever a struct below does; a module of another version is not loaded.
constexpr uint32_t interface_version = 1;

struct Index {
  uint32_t x, y, z;
};

/// Where the running thread is: written by the scheduler, read by the kernel.
struct Here {
  Index thread, block, block_size, grid_size;
  uint32_t lane;                                // 0 … 31
  void* dynamic_shared;
};

/// The text of a call, which identifies it: compilers copy calls, so that addresses do not.
struct Site {
  const char* file;
  int line;
};

/// What the lanes of a warp do together.
enum Exchange : uint32_t { exchange_sync, exchange_shuffle, exchange_vote, exchange_match, exchange_add, exchange_min, exchange_max, exchange_min_signed, exchange_max_signed, exchange_and, exchange_or, exchange_xor };

/// Of all threads at a barrier.
struct Votes {
  uint32_t count, any, all;                     // predicates that hold; truth values
};

enum Access : uint32_t { access_read, access_write, access_atomic };

/// Functions of the emulator. `device` is the first argument of each. Calls that cannot be answered do not return.
struct Host {
  void* device;
  Votes (*barrier)(void* device, uint32_t predicate, Site site);
  /// Waits for the lanes of `mask`. A shuffle answers the value of lane `source`; a vote the lanes whose value is not zero; a match those with the same value.
  uint64_t (*exchange)(void* device, uint32_t mask, Exchange what, uint64_t value, uint32_t source, Site site);
  /// Before an access, of checked modules only; null: nobody wants to know. `pc`: return address of the call.
  void (*access)(void* device, const volatile void* address, uint64_t bytes, Access access, const void* pc);
  void (*trap)(void* device, Site site);
};

struct State {
  Here here;
  Host host;
};

struct Kernel {
  const char* name;
  uint64_t argument_bytes;
  void (*run)(const void* arguments);           // one thread
  const Kernel* next;
};

/// What `antidrome_emulated_module()` of a module answers.
struct Module {
  uint32_t version, checked;
  State* state;
  const Kernel* const* kernels;
  char* shared_begin;                           // all __shared__ arrays of all kernels
  char* shared_end;
};

}  // namespace emulated
}  // namespace antidrome
