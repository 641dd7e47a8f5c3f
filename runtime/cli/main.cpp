#include <unistd.h>

#include <cstdlib>

#include "runtime/cli/cli.hpp"

namespace {

/// The OpenMP library reads its environment when it is loaded, so the wait policy is set by starting again. By default its threads
/// spin for a long while at barriers: on a machine that has other work, training then takes ten times as long.
void wait_politely(char** argv) {
  for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})
    if (std::getenv(name) != nullptr) return;
  if (setenv("GOMP_SPINCOUNT", "1000", 0) == 0) execv("/proc/self/exe", argv);   // returns only where that is not possible: then as it was
}

}  // namespace

int main(int argc, char** argv) {
  wait_politely(argv);
  return antidrome::cli::run(argc, argv);
}
