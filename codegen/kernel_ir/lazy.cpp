// States that need not be stored at the end of a step. What the tape may need of a spike is stored anyway: the state before the reset, or at
// the start of the flow. Where the end of the step follows from that by a few products, the next step begins with them, which is cheaper
// than a second store. The reset is then applied one step later, to the lanes that are remembered to have fired.
#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

const Update* update_of(const std::vector<Update>& updates, const std::string& state) {
  for (const Update& u : updates)
    if (u.target == state) return &u;
  return nullptr;
}

/// Is anything but the cell's own next step interested in its states, before the trial ends?
bool has_other_readers(const Lowering& l, const Cell& c) {
  if (l.coupled || !c.after.empty()) return true;
  for (const ProgramLoss& loss : l.program.losses)
    if (loss.cell == c.name && loss.when == Loss::When::each_step) return true;
  for (const EdgePlan& q : l.edges)
    if (q.edge->pre == c.name && (q.by_spike || q.has_coupling || !q.pre_tape.empty() || !q.edge->arrive_pre.empty())) return true;
  return false;
}

/// The expression in other symbols; undefined unless all states in it have one, and it is a short sum of products.
Expr in_kept(const Cell& c, Expr e, const std::map<std::string, std::string>& kept) {
  std::set<std::string> states;
  for (const State& s : c.states) states.insert(s.name);
  Bindings bindings;
  for (const std::string& s : free_symbols(e)) {
    if (s == "time" || s.find("draw_") != std::string::npos) return {};
    if (!states.contains(s)) continue;
    const auto it = kept.find(s);
    if (it == kept.end()) return {};
    bindings.emplace(symbol(s), symbol(it->second));
  }
  const LinearForm form = linear_form(e, states);
  if (!form.affine || form.coefficient.size() > 2) return {};
  for (const auto& [state, factor] : form.coefficient)
    if (depends_on(factor, states)) return {};
  return substitute(e, bindings);
}

/// Does the flow keep what begins at zero at zero?
bool begins_at_zero(const Cell& c, Expr e) {
  std::set<std::string> states;
  for (const State& s : c.states) states.insert(s.name);
  for (const std::string& s : free_symbols(e))
    if (const State* x = c.state(s); x && !x->initial.is_number(0)) return false;
  return simplify(linear_form(e, states).constant).is_number(0);
}

}  // namespace

void Lowering::plan_lazy(CellPlan& p) {
  const Cell& c = *p.cell;
  if (!options.lazy_states || program.mode == TimeMode::exact || !c.threshold.defined() || p.spike_tape.empty() || has_other_readers(*this, c)) return;
  std::map<std::string, std::string> minus, start;                // what the tape has of each state
  for (const State& s : c.states) {
    if (p.spike_tape.contains(s.name)) minus[s.name] = prefixed(s.name, "minus_");
    if (p.spike_tape.contains(start_name(s.name))) start[s.name] = start_name(s.name);
  }
  for (const State& s : c.states) {
    Expr next;
    if (const auto it = minus.find(s.name); it != minus.end()) next = symbol(it->second);
    else if (const Update* flow = update_of(c.advance, s.name); flow && begins_at_zero(c, flow->value)) next = in_kept(c, flow->value, start);
    if (!next.defined()) continue;
    if (const Update* jump = update_of(c.jump, s.name); jump && !(jump->value == symbol(s.name))) {
      const Expr reset = in_kept(c, jump->value, minus);
      next = reset.defined() ? select(symbol("fired_before"), reset, next) : Expr();
    }
    if (next.defined()) p.lazy[s.name] = next;
  }
}

}  // namespace antidrome::kernel
