// Stacks that one OS thread changes between: each CUDA thread runs on one of its own.
#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#if !defined(__x86_64__) || defined(ANTIDROME_FIBERS_BY_UCONTEXT)
#define ANTIDROME_UCONTEXT 1
#include <ucontext.h>
#endif

namespace antidrome::emulator {

/// Where a stack was left.
struct Context {
#ifdef ANTIDROME_UCONTEXT
  ucontext_t saved;
#else
  void* stack_pointer = nullptr;
#endif
};

#ifndef ANTIDROME_UCONTEXT
extern "C" void antidrome_change_stack(void** save, void* to);
#endif

/// Saves this stack in `from` and goes on where `to` was left.
inline void change_stack(Context& from, Context& to) {
#ifdef ANTIDROME_UCONTEXT
  swapcontext(&from.saved, &to.saved);
#else
  antidrome_change_stack(&from.stack_pointer, to.stack_pointer);
#endif
}

struct Fiber {
  Context context;
  std::byte* stack = nullptr;                   // lowest address, above its guard page
};

/// The fibers of one launcher. Those that are not in use wait in a list, wherever they were left: a fiber that has run one thread to its end can run another.
class Fibers {
 public:
  using Entry = void (*)(void*);

  /// Every fiber begins with entry(argument), which never returns.
  Fibers(Entry entry, void* argument);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  Fiber* take();
  void give_back(Fiber* fiber) { free_.push_back(fiber); }
  /// Every fiber begins anew; what was running on one is forgotten.
  void reset();

  static constexpr std::size_t stack_bytes = 512 * 1024;   // only touched pages are memory
  /// Whether the address is in the stack of `fiber`; in the stack of any; in a guard page, which is a stack that was too small.
  static bool in_stack(const Fiber& fiber, const void* address) { return static_cast<std::size_t>(static_cast<const std::byte*>(address) - fiber.stack) < stack_bytes; }
  bool in_any_stack(const void* address) const;
  bool in_guard(const void* address) const;

 private:
  struct Region;                                // stacks are reserved many at a time
  void begin_anew(std::size_t index);

  Entry entry_;
  void* argument_;
  std::vector<std::unique_ptr<Region>> regions_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_;
};

}  // namespace antidrome::emulator
