// Changing stacks. Compiled twice: with the assembly of this machine, and with ucontext, which serves the others.
#include "backends/cuda/emulator/fiber.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace antidrome::emulator {
namespace {

/// Fibers that take turns: each adds to its own sum, in registers and on its stack, and goes back outside.
struct Turns {
  Fibers fibers{&Turns::enter, this};
  Context outside;
  Fiber* running = nullptr;
  int number = 0, finished = 0;
  double total = 0;

  static void enter(void* self) { static_cast<Turns*>(self)->run(); }
  void run() {
    for (;;) {
      Fiber& mine = *running;
      const int n = number;
      volatile char space[1000];
      space[n % 1000] = static_cast<char>(n);
      double sum = 0;
      for (int k = 0; k < 5; ++k) {
        sum += n + 0.25 * k;
        change_stack(mine.context, outside);
      }
      EXPECT_EQ(space[n % 1000], static_cast<char>(n));
      total += sum;
      ++finished;
      change_stack(mine.context, outside);      // done; whoever takes the fiber begins the loop again
    }
  }
  void go(Fiber* f, int n) {
    running = f, number = n;
    change_stack(outside, f->context);
  }
};

TEST(Fiber, keeps_registers_and_stack_while_others_run) {
  Turns t;
  double expected = 0;
  for (int round = 0; round < 3; ++round) {       // fibers that have ended are used again
    std::vector<Fiber*> all;
    for (int n = 0; n < 100; ++n) all.push_back(t.fibers.take());
    EXPECT_EQ(std::set<Fiber*>(all.begin(), all.end()).size(), 100u);
    for (int k = 0; k < 6; ++k)
      for (int n = 0; n < 100; ++n) t.go(all[n], n + round);
    for (int n = 0; n < 100; ++n) {
      expected += 5 * (n + round) + 2.5;
      t.fibers.give_back(all[n]);
    }
  }
  EXPECT_EQ(t.finished, 300);
  EXPECT_EQ(t.total, expected);
}

TEST(Fiber, that_was_left_in_the_middle_begins_anew_after_a_reset) {
  Turns t;
  for (int n = 0; n < 10; ++n) t.go(t.fibers.take(), n);
  t.fibers.reset();
  for (int n = 0; n < 10; ++n) {
    Fiber* f = t.fibers.take();
    for (int k = 0; k < 6; ++k) t.go(f, n);
  }
  EXPECT_EQ(t.finished, 10);
}

TEST(Fiber, knows_its_stack_and_the_guard_below) {
  Fibers fibers([](void*) {}, nullptr);
  Fiber* a = fibers.take();
  Fiber* b = fibers.take();
  EXPECT_TRUE(Fibers::in_stack(*a, a->stack + 100));
  EXPECT_FALSE(Fibers::in_stack(*a, b->stack + 100));
  EXPECT_TRUE(fibers.in_any_stack(b->stack + 100));
  EXPECT_TRUE(fibers.in_guard(a->stack - 8));
  EXPECT_FALSE(fibers.in_guard(a->stack));
  int here = 0;
  EXPECT_FALSE(fibers.in_any_stack(&here));
}

}  // namespace
}  // namespace antidrome::emulator
