#include "backends/cuda/emulator/faults.hpp"

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "backends/cuda/emulator/fiber.hpp"

namespace antidrome::emulator {

namespace {

constexpr std::array<int, 4> signals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

thread_local FaultGuard* innermost = nullptr;
// A handler cannot run on the stack of a fiber, which may be what has overflowed.
thread_local std::array<std::byte, 64 * 1024> handler_stack;
thread_local stack_t former_stack;

std::mutex installing;
int guards = 0;                                 // of all threads
std::array<struct sigaction, signals.size()> former;

const void* register_of(const ucontext_t* context, bool stack_pointer) {
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(context->uc_mcontext.gregs[stack_pointer ? REG_RSP : REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(stack_pointer ? context->uc_mcontext.sp : context->uc_mcontext.pc);
#else
  return nullptr;
#endif
}

}  // namespace

struct FaultHandler {
  static void handle(int signal, siginfo_t* info, void* context) {
    FaultGuard* guard = innermost;
    const auto* registers = static_cast<const ucontext_t*>(context);
    if (guard != nullptr && guard->fibers_.in_any_stack(register_of(registers, true))) {
      guard->fault_ = {signal, info->si_addr, register_of(registers, false)};
      siglongjmp(guard->target, 1);
    }
    for (std::size_t k = 0; k < signals.size(); ++k)   // not ours: it happens again under the handler that was there before
      if (signals[k] == signal) sigaction(signal, &former[k], nullptr);
  }
};

FaultGuard::FaultGuard(const Fibers& fibers) : fibers_(fibers), outer_(innermost) {
  innermost = this;
  stack_t stack{};
  stack.ss_sp = handler_stack.data();
  stack.ss_size = handler_stack.size();
  if (outer_ == nullptr) sigaltstack(&stack, &former_stack);
  const std::lock_guard lock(installing);
  if (guards++ > 0) return;
  struct sigaction action{};
  action.sa_sigaction = &FaultHandler::handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (std::size_t k = 0; k < signals.size(); ++k) sigaction(signals[k], &action, &former[k]);
}

FaultGuard::~FaultGuard() {
  innermost = outer_;
  if (outer_ == nullptr) sigaltstack(&former_stack, nullptr);
  const std::lock_guard lock(installing);
  if (--guards > 0) return;
  for (std::size_t k = 0; k < signals.size(); ++k) sigaction(signals[k], &former[k], nullptr);
}

}  // namespace antidrome::emulator
