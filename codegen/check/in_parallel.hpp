// Runs that know nothing of each other, on all processors.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace antidrome::check {

/// f(0) ... f(n - 1), in any order and at the same time; results do not depend on how many threads there are. Throws what the first of them threw.
template <class F> void in_parallel(std::size_t n, F&& f) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> thrown(n);
  const auto work = [&] {
    for (std::size_t k = next++; k < n; k = next++) try {
        f(k);
      } catch (...) {
        thrown[k] = std::current_exception();
      }
  };
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < std::min<std::size_t>(n, std::thread::hardware_concurrency()); ++t) others.emplace_back(work);
  work();
  others.clear();                                                // joins
  for (const std::exception_ptr& e : thrown)
    if (e) std::rethrow_exception(e);
}

}  // namespace antidrome::check
