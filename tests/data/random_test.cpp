// Philox against the known answers of its authors, and what the data part draws with it.
#include "runtime/data/permutation.hpp"
#include "runtime/data/sha256.hpp"

#include <antidrome/philox.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace antidrome::data {
namespace {

TEST(Philox, gives_the_known_answers_of_its_authors) {
  struct Known {
    std::uint32_t counter[4];
    std::uint64_t key;
    std::uint32_t answer[4];
  };
  const Known table[] = {
      {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0u, ~0u, ~0u, ~0u}, ~std::uint64_t{0}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Known& k : table) {
    const antidrome_philox out = antidrome_philox4x32(k.counter[0], k.counter[1], k.counter[2], k.counter[3], k.key);
    for (int w = 0; w < 4; ++w) EXPECT_EQ(out.word[w], k.answer[w]);
  }
}

TEST(Philox, uniform_never_reaches_the_ends) {
  EXPECT_GT(antidrome_uniform(0), 0.0);
  EXPECT_LT(antidrome_uniform(0xffffffffu), 1.0);
  EXPECT_TRUE(std::isfinite(std::log(antidrome_uniform(0))));
}

TEST(Permutation, holds_every_index_once_and_depends_on_seed_epoch_and_purpose) {
  const auto order = permutation(1000, 7, 3, ANTIDROME_DRAW_SHUFFLE);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t k = 0; k < sorted.size(); ++k) ASSERT_EQ(sorted[k], k);
  EXPECT_EQ(order, permutation(1000, 7, 3, ANTIDROME_DRAW_SHUFFLE));
  EXPECT_NE(order, permutation(1000, 8, 3, ANTIDROME_DRAW_SHUFFLE));
  EXPECT_NE(order, permutation(1000, 7, 4, ANTIDROME_DRAW_SHUFFLE));
  EXPECT_NE(order, permutation(1000, 7, 3, ANTIDROME_DRAW_SPLIT));
}

// Each of the 24 orders of 4 items is expected 1000 times in 24000 draws; the s.d. is 31, and 5 of them are allowed.
TEST(Permutation, every_order_is_equally_likely) {
  std::vector<int> count(256);
  for (std::uint64_t epoch = 0; epoch < 24000; ++epoch) {
    const auto p = permutation(4, 1, epoch, ANTIDROME_DRAW_SHUFFLE);
    ++count[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]];
  }
  std::erase(count, 0);
  for (const int c : count) EXPECT_NEAR(c, 1000, 5 * 31);
  EXPECT_EQ(count.size(), 24u);
}

TEST(Permutation, of_nothing_and_of_one) {
  EXPECT_TRUE(permutation(0, 1, 1, 0).empty());
  EXPECT_EQ(permutation(1, 1, 1, 0), std::vector<std::size_t>{0});
}

TEST(Sha256, gives_the_known_answers_of_fips_180) {
  Sha256 empty, abc, million;
  abc.add("abc", 3);
  const std::string thousand(1000, 'a');
  for (int k = 0; k < 1000; ++k) million.add(thousand.data(), thousand.size());
  EXPECT_EQ(empty.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(million.hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace antidrome::data
