// The order in which a straight piece of a kernel is issued: ptxas arranges it so that latencies hide each other, and so does the model.
#include <algorithm>
#include <map>

#include "backends/cuda/ptx/timing.hpp"

namespace antidrome::ptx {

namespace {

/// Who has to come before whom within one piece, and how many cycles before.
class Piece {
 public:
  Piece(const Kernel& k, const std::vector<Cost>& costs, const DeviceModel& model, std::uint32_t begin, std::uint32_t end) : begin_(begin), after_(end - begin), before_(end - begin), height_(end - begin) {
    for (std::uint32_t n = begin; n < end; ++n) {
      const Instruction& i = k.code[n];
      const std::uint32_t latency = i.copies ? 0 : i.cls == Class::global_load ? model.l2 : costs[n].latency;
      registers(i, n - begin);
      memory(i, n - begin);
      latency_.push_back(latency);
      issue_.push_back(costs[n].issue);
      if (i.flow != Flow::next)                                   // ends the piece
        for (std::uint32_t b = 0; b < n - begin; ++b) follows(b, n - begin, false);
    }
    for (std::uint32_t n = end - begin; n-- > 0;)
      for (const Arrow& a : after_[n]) height_[n] = std::max(height_[n], height_[a.to] + (a.value ? latency_[n] : 0u) + issue_[n]);
  }

  /// The piece as it is issued: of what could be issued next, what the longest chain hangs on.
  std::vector<std::uint32_t> order() const {
    const std::size_t n = after_.size();
    std::vector<std::uint32_t> out, candidates, missing(before_);
    std::vector<std::uint64_t> earliest(n, 0);
    for (std::uint32_t k = 0; k < n; ++k)
      if (missing[k] == 0) candidates.push_back(k);
    std::uint64_t now = 0;
    while (!candidates.empty()) {
      const auto better = [&](std::uint32_t a, std::uint32_t b) {
        const std::uint64_t ea = std::max(earliest[a], now), eb = std::max(earliest[b], now);
        if (ea != eb) return ea < eb;
        return height_[a] != height_[b] ? height_[a] > height_[b] : a < b;
      };
      const auto next = std::min_element(candidates.begin(), candidates.end(), better);
      const std::uint32_t k = *next;
      *next = candidates.back();
      candidates.pop_back();
      now = std::max(earliest[k], now);
      out.push_back(begin_ + k);
      for (const Arrow& a : after_[k]) {
        earliest[a.to] = std::max(earliest[a.to], now + (a.value ? latency_[k] : 0));
        if (--missing[a.to] == 0) candidates.push_back(a.to);
      }
      now += issue_[k];
    }
    return out;
  }

 private:
  struct Arrow { std::uint32_t to; bool value; };                 ///< value: `to` uses the result

  void follows(std::uint32_t first, std::uint32_t then, bool value) {
    if (first == then) return;
    after_[first].push_back({then, value});
    ++before_[then];
  }

  void registers(const Instruction& i, std::uint32_t n) {
    for (std::uint32_t r = 0; r < i.n_reads; ++r) {
      if (const auto w = writer_.find(i.reads[r]); w != writer_.end()) follows(w->second, n, true);
      readers_[i.reads[r]].push_back(n);
    }
    for (std::uint32_t r = 0; r < i.n_writes; ++r) {
      if (const auto w = writer_.find(i.writes[r]); w != writer_.end()) follows(w->second, n, false);
      for (const std::uint32_t reader : readers_[i.writes[r]]) follows(reader, n, false);
      readers_[i.writes[r]].clear();
      writer_[i.writes[r]] = n;
    }
  }

  /// Accesses of memory keep their order where one of them writes; what lanes exchange does always.
  void memory(const Instruction& i, std::uint32_t n) {
    const auto in_order = [&](int what, bool writes) {
      Accesses& a = accesses_[what];
      if (a.write >= 0) follows(static_cast<std::uint32_t>(a.write), n, false);
      if (writes) {
        for (const std::uint32_t r : a.reads) follows(r, n, false);
        a.reads.clear();
        a.write = static_cast<int>(n);
      } else {
        a.reads.push_back(n);
      }
    };
    enum { global, shared, local, exchange };
    switch (i.cls) {
      case Class::global_load: if (!i.read_only) in_order(global, false); break;
      case Class::global_store: case Class::atomic: in_order(global, true); break;
      case Class::shared_load: in_order(shared, false); break;
      case Class::shared_store: case Class::shared_atomic: in_order(shared, true); break;
      case Class::local: in_order(local, true); break;
      case Class::shuffle: case Class::vote: case Class::barrier: case Class::other: in_order(exchange, true); break;
      default: break;
    }
    if (i.space == Space::generic && i.cls != Class::parameter && (i.cls == Class::global_store || i.cls == Class::atomic)) in_order(shared, true);   // it may be anywhere
  }

  struct Accesses {
    int write = -1;
    std::vector<std::uint32_t> reads;
  };

  std::uint32_t begin_;
  std::vector<std::vector<Arrow>> after_;
  std::vector<std::uint32_t> before_, height_, latency_, issue_;
  std::map<std::uint32_t, std::uint32_t> writer_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> readers_;
  std::map<int, Accesses> accesses_;
};

}  // namespace

std::vector<std::uint32_t> issue_order(const Kernel& k, const std::vector<Cost>& costs, const DeviceModel& model) {
  std::vector<std::uint32_t> out;
  for (std::size_t p = 0; p + 1 < k.pieces.size(); ++p) {
    const std::vector<std::uint32_t> order = Piece(k, costs, model, k.pieces[p], k.pieces[p + 1]).order();
    out.insert(out.end(), order.begin(), order.end());
  }
  return out;
}

}  // namespace antidrome::ptx
