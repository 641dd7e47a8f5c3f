#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/expr.hpp"
#include "codegen/ir/fold.hpp"

namespace antidrome::ir {
namespace {

using Op = Tape::Op;

/// Lays out each distinct node once, arguments first; op k writes scratch[k].
class Layout {
 public:
  Layout(std::span<const std::string> inputs, const std::vector<bool>& steady, std::vector<Op>& code, std::vector<std::uint32_t>& points) : steady_inputs_(steady), code_(code), points_(points) {
    for (std::size_t k = 0; k < inputs.size(); ++k) slots_.emplace(inputs[k], static_cast<std::uint32_t>(k));
  }

  /// Those parts of e that depend on steady inputs alone.
  void place_steady(Expr e) {
    if (!seen_.insert(e).second) return;
    if (is_steady(e)) place(e);
    else for (const Expr& a : e.args()) place_steady(a);
  }

  std::uint32_t place(Expr e) {
    if (const auto done = placed_.find(e); done != placed_.end()) return done->second;
    Op op{e.kind(), 0, 0, 0, 0, 0, 0};
    if (e.is(Kind::number)) op.value = e.value();
    else if (e.is(Kind::symbol)) op.a = slot(e.name());
    else place_arguments(e, op);
    const auto at = static_cast<std::uint32_t>(code_.size());
    code_.push_back(op);
    placed_.emplace(e, at);
    return at;
  }

 private:
  bool is_steady(Expr e) {
    if (e.is(Kind::symbol)) {
      const std::uint32_t k = slot(e.name());
      return k < steady_inputs_.size() && steady_inputs_[k];
    }
    const auto [known, fresh] = steady_.emplace(e, true);
    if (!fresh) return known->second;
    bool all = true;
    for (const Expr& a : e.args()) all = is_steady(a) && all;
    return steady_[e] = all;
  }

  std::uint32_t slot(const std::string& name) const {
    const auto found = slots_.find(name);
    if (found == slots_.end()) throw std::out_of_range("no input is called '" + name + "'");
    return found->second;
  }

  void place_arguments(Expr e, Op& op) {
    ANTIDROME_ASSERT(!e.is(Kind::reduce_sum) && !e.is(Kind::reduce_max) && !e.is(Kind::at_label) && !e.is(Kind::is_label) && !e.is(Kind::batch_mean), "a tape has no reductions");
    std::vector<std::uint32_t> args;
    for (const Expr& a : e.args()) args.push_back(place(a));
    if (e.is(Kind::expdd)) {
      op.first_point = static_cast<std::uint32_t>(points_.size());
      op.points = static_cast<std::uint32_t>(args.size());
      points_.insert(points_.end(), args.begin(), args.end());
      return;
    }
    op.a = args[0];
    if (args.size() > 1) op.b = args[1];
    if (args.size() > 2) op.c = args[2];
  }

  const std::vector<bool>& steady_inputs_;
  std::vector<Op>& code_;
  std::vector<std::uint32_t>& points_;
  std::unordered_map<std::string, std::uint32_t> slots_;
  std::unordered_map<Expr, bool, ExprHash> steady_;
  std::unordered_set<Expr, ExprHash> seen_;
  std::unordered_map<Expr, std::uint32_t, ExprHash> placed_;
};

}  // namespace

Tape::Tape(std::span<const Expr> outputs, std::span<const std::string> inputs, const std::vector<bool>& steady) {
  Layout layout(inputs, steady, code_, points_);
  for (const Expr& e : outputs) layout.place_steady(e);
  steady_ = code_.size();
  for (const Expr& e : outputs) outputs_.push_back(layout.place(e));
}

void Tape::run_from(std::size_t first, const double* in, double* out, double* scratch) const {
  thread_local std::vector<double> points;
  double* to = scratch + first;
  for (const Op *op = code_.data() + first, *end = code_.data() + code_.size(); op != end; ++op, ++to) {
    switch (op->kind) {
      case Kind::number: *to = op->value; break;
      case Kind::symbol: *to = in[op->a]; break;
      case Kind::expdd:
        points.clear();
        for (std::uint32_t p = 0; p < op->points; ++p) points.push_back(scratch[points_[op->first_point + p]]);
        *to = exp_divided_difference(points);
        break;
      default: *to = detail::apply(op->kind, scratch[op->a], scratch[op->b], scratch[op->c]); break;
    }
  }
  for (std::size_t k = 0; k < outputs_.size(); ++k) out[k] = scratch[outputs_[k]];
}

}  // namespace antidrome::ir
