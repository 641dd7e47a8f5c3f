// Where the lanes that a branch has parted come together again: at its immediate post-dominator.
#include <algorithm>

#include "backends/cuda/ptx/kernel.hpp"

namespace antidrome::ptx {

namespace {

/// Straight pieces of a kernel, numbered in order; the last number is the end of all paths.
struct Pieces {
  std::vector<std::uint32_t> begin;             ///< first instruction
  std::vector<std::vector<std::uint32_t>> after;
  std::uint32_t end() const { return static_cast<std::uint32_t>(begin.size()); }
};

bool is_conditional(const Instruction& i) { return i.guard >= 0; }

Pieces cut(const Kernel& k) {
  std::vector<bool> leads(k.code.size() + 1);
  leads[0] = true;
  for (std::size_t n = 0; n < k.code.size(); ++n) {
    const Instruction& i = k.code[n];
    if (i.flow == Flow::branch) leads[i.target] = true;
    if (i.flow != Flow::next) leads[n + 1] = true;
  }
  Pieces p;
  std::vector<std::uint32_t> piece(k.code.size() + 1);
  for (std::size_t n = 0; n < k.code.size(); ++n) {
    if (leads[n]) p.begin.push_back(static_cast<std::uint32_t>(n));
    piece[n] = static_cast<std::uint32_t>(p.begin.size()) - 1;
  }
  piece[k.code.size()] = p.end();
  p.after.resize(p.begin.size());
  for (std::uint32_t b = 0; b < p.end(); ++b) {
    const std::uint32_t last = (b + 1 < p.end() ? p.begin[b + 1] : static_cast<std::uint32_t>(k.code.size())) - 1;
    const Instruction& i = k.code[last];
    if (i.flow == Flow::branch) p.after[b].push_back(piece[i.target]);
    if (i.flow == Flow::exit && !is_conditional(i)) p.after[b].push_back(p.end());   // else: lanes that return are waited for by nobody
    if ((i.flow != Flow::branch && i.flow != Flow::exit) || is_conditional(i)) p.after[b].push_back(piece[last + 1]);
  }
  return p;
}

/// Immediate post-dominators by the iteration of Cooper, Harvey and Kennedy (2001), on the graph with its arrows turned.
class PostDominators {
 public:
  explicit PostDominators(const Pieces& p) : p_(p), before_(p.end() + 1), order_(p.end() + 1, unknown), of_(p.end() + 1, unknown) {
    for (std::uint32_t b = 0; b < p.end(); ++b)
      for (const std::uint32_t s : p.after[b]) before_[s].push_back(b);
    number();
    iterate();
  }
  /// The end for pieces that never reach it.
  std::uint32_t of(std::uint32_t b) const { return of_[b] == unknown ? p_.end() : of_[b]; }

 private:
  static constexpr std::uint32_t unknown = ~0u;

  /// Postorder from the end, against the arrows.
  void number() {
    std::vector<std::pair<std::uint32_t, std::size_t>> stack = {{p_.end(), 0}};
    std::vector<bool> seen(p_.end() + 1);
    seen[p_.end()] = true;
    while (!stack.empty()) {
      auto& [b, next] = stack.back();
      if (next < before_[b].size()) {
        const std::uint32_t c = before_[b][next++];
        if (!seen[c]) seen[c] = true, stack.emplace_back(c, 0);
      } else {
        order_[b] = static_cast<std::uint32_t>(sequence_.size());
        sequence_.push_back(b);
        stack.pop_back();
      }
    }
  }

  std::uint32_t common(std::uint32_t a, std::uint32_t b) const {
    while (a != b) {
      while (order_[a] < order_[b]) a = of_[a];
      while (order_[b] < order_[a]) b = of_[b];
    }
    return a;
  }

  void iterate() {
    of_[p_.end()] = p_.end();
    for (bool changed = true; changed;) {
      changed = false;
      for (auto b = sequence_.rbegin(); b != sequence_.rend(); ++b) {
        if (*b == p_.end()) continue;
        std::uint32_t now = unknown;
        for (const std::uint32_t s : p_.after[*b])
          if (of_[s] != unknown) now = now == unknown ? s : common(now, s);
        if (now != of_[*b]) of_[*b] = now, changed = true;
      }
    }
  }

  const Pieces& p_;
  std::vector<std::vector<std::uint32_t>> before_;
  std::vector<std::uint32_t> order_, of_, sequence_;
};

}  // namespace

void find_reconvergence(Kernel& k) {
  const Pieces p = cut(k);
  k.pieces = p.begin;
  k.pieces.push_back(static_cast<std::uint32_t>(k.code.size()));
  const PostDominators dominators(p);
  for (std::uint32_t b = 0; b < p.end(); ++b) {
    const std::uint32_t last = (b + 1 < p.end() ? p.begin[b + 1] : static_cast<std::uint32_t>(k.code.size())) - 1;
    if (k.code[last].flow != Flow::branch) continue;
    const std::uint32_t meets = dominators.of(b);
    k.code[last].reconverge = meets == p.end() ? static_cast<std::uint32_t>(k.code.size()) : p.begin[meets];
  }
}

}  // namespace antidrome::ptx
