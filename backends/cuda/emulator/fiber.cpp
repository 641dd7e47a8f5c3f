#include "backends/cuda/emulator/fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define ANTIDROME_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ANTIDROME_ASAN 1
#endif
#endif
#ifdef ANTIDROME_ASAN
#include <sanitizer/asan_interface.h>
#endif

#ifndef ANTIDROME_UCONTEXT
// Registers that a function must preserve go on the stack. The return goes to another stack than the call came from, and yet is predicted: threads wait for
// each other by the same calls, so that the processor's own stack of return addresses fits either. (A jump here would leave one address too many on it, and
// every return after it would be mispredicted: twice the time.)
asm(R"(
.text
.globl antidrome_change_stack
.hidden antidrome_change_stack
.type antidrome_change_stack,@function
antidrome_change_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size antidrome_change_stack, .-antidrome_change_stack
.globl antidrome_begin_stack
.hidden antidrome_begin_stack
.type antidrome_begin_stack,@function
antidrome_begin_stack:
  movq %r12, %rdi
  callq *%r13
  ud2
.size antidrome_begin_stack, .-antidrome_begin_stack
)");
extern "C" void antidrome_begin_stack();
#endif

namespace antidrome::emulator {

namespace {
constexpr std::size_t guard_bytes = 64 * 1024, slot_bytes = guard_bytes + Fibers::stack_bytes, stacks_of_region = 1024;
}

/// Address space of many stacks, each above its guard.
struct Fibers::Region {
  std::byte* begin;

  Region() {
    void* p = mmap(nullptr, slot_bytes * stacks_of_region, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    begin = static_cast<std::byte*>(p);
  }
  ~Region() { munmap(begin, slot_bytes * stacks_of_region); }
  bool contains(const void* address) const { return static_cast<std::size_t>(static_cast<const std::byte*>(address) - begin) < slot_bytes * stacks_of_region; }
  bool guards(const void* address) const { return contains(address) && static_cast<std::size_t>(static_cast<const std::byte*>(address) - begin) % slot_bytes < guard_bytes; }
};

Fibers::Fibers(Entry entry, void* argument) : entry_(entry), argument_(argument) {}
Fibers::~Fibers() = default;

Fiber* Fibers::take() {
  if (free_.empty()) {
    const std::size_t index = fibers_.size();
    if (index % stacks_of_region == 0) regions_.push_back(std::make_unique<Region>());
    std::byte* stack = regions_.back()->begin + index % stacks_of_region * slot_bytes + guard_bytes;
    if (mprotect(stack, stack_bytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    fibers_.push_back(std::make_unique<Fiber>());
    fibers_.back()->stack = stack;
    begin_anew(index);
    return fibers_.back().get();
  }
  Fiber* fiber = free_.back();
  free_.pop_back();
  return fiber;
}

void Fibers::begin_anew(std::size_t index) {
  Fiber& fiber = *fibers_[index];
#ifdef ANTIDROME_ASAN
  __asan_unpoison_memory_region(fiber.stack, stack_bytes);   // what an abandoned frame left
#endif
#ifdef ANTIDROME_UCONTEXT
  getcontext(&fiber.context.saved);
  fiber.context.saved.uc_stack.ss_sp = fiber.stack;
  fiber.context.saved.uc_stack.ss_size = stack_bytes;
  fiber.context.saved.uc_link = nullptr;
  const auto argument = reinterpret_cast<std::uintptr_t>(this);   // makecontext passes ints
  makecontext(&fiber.context.saved, reinterpret_cast<void (*)()>(static_cast<void (*)(unsigned, unsigned)>([](unsigned high, unsigned low) {
                auto* self = reinterpret_cast<Fibers*>(static_cast<std::uintptr_t>(high) << 16 << 16 | low);
                self->entry_(self->argument_);
              })),
              2, static_cast<unsigned>(argument >> 16 >> 16), static_cast<unsigned>(argument));
#else
  // Stacks begin at different offsets, else their tops would all lie in the same sets of the cache.
  auto** top = reinterpret_cast<void**>(fiber.stack + stack_bytes - index % 48 * 192);
  *--top = nullptr;                             // an unwinder ends here
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&antidrome_begin_stack);
  *--top = nullptr;                             // rbp
  *--top = nullptr;                             // rbx
  *--top = argument_;                           // r12
  *--top = reinterpret_cast<void*>(entry_);     // r13
  *--top = nullptr;                             // r14
  *--top = nullptr;                             // r15
  fiber.context.stack_pointer = top;
#endif
}

void Fibers::reset() {
  free_.clear();
  for (std::size_t k = fibers_.size(); k-- > 0;) {
    begin_anew(k);
    free_.push_back(fibers_[k].get());
  }
}

bool Fibers::in_any_stack(const void* address) const {
  for (const auto& region : regions_)
    if (region->contains(address)) return true;
  return false;
}
bool Fibers::in_guard(const void* address) const {
  for (const auto& region : regions_)
    if (region->guards(address)) return true;
  return false;
}

}  // namespace antidrome::emulator
