// Faults of the processor while a kernel runs: a wild pointer must end a launch, not the process.
#pragma once
#include <csetjmp>

namespace antidrome::emulator {

class Fibers;

struct Fault {
  int signal = 0;
  const void* address = nullptr;
  const void* pc = nullptr;
};

/// While it lives, faults on one of the fibers, of this OS thread, go to `target`; all others go where they would have gone.
class FaultGuard {
 public:
  explicit FaultGuard(const Fibers& fibers);
  ~FaultGuard();
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

  sigjmp_buf target;                            ///< set it with sigsetjmp(…, 1)
  const Fault& fault() const { return fault_; }

 private:
  friend struct FaultHandler;
  const Fibers& fibers_;
  Fault fault_;
  FaultGuard* outer_;
};

}  // namespace antidrome::emulator
