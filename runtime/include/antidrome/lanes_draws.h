// Random numbers of a model's equations. Included by files generated for a model that draws any.
#pragma once
#include <antidrome/lanes.h>
#include <antidrome/philox.h>

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {

/// Four steps of one draw for a population: row q is step 4 * group + q. The loop over units has no branch and no memory between
/// its rounds, so that the compiler runs it in lanes. Without a use for them all numbers are 1/2.
template <int PADDED>
__attribute__((noinline)) void draw_rows(real (*rows)[PADDED], bool used, bool normal, std::uint64_t seed, std::uint32_t site, std::uint32_t epoch, std::uint32_t sample, std::uint32_t group) {
  if (!used) {
    for (int q = 0; q < 4; ++q)
      for (int j = 0; j < PADDED; ++j) rows[q][j] = real(0.5);
    return;
  }
  const auto fill = [&](int kind) {
    for (int j = 0; j < PADDED; ++j) {
      double number[4];
      antidrome_draw(kind, seed, site, epoch, sample, group, std::uint32_t(j), number);
      rows[0][j] = real(number[0]), rows[1][j] = real(number[1]), rows[2][j] = real(number[2]), rows[3][j] = real(number[3]);
    }
  };
  if (normal) fill(1);
  else fill(0);
}

}  // namespace lanes
}  // namespace antidrome
