#include "codegen/passes/adjoint.hpp"
#include "codegen/passes/threshold.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

std::map<std::string, Expr> all_of(const std::set<std::string>& a, const std::set<std::string>& b, const StateMap& values) {
  std::set<std::string> wanted = a;
  wanted.insert(b.begin(), b.end());
  return weigh(values, wanted);
}

/// The step hooks and the solver's step, transposed.
void derive_steps(Cell& c, const std::set<std::string>& parameters, Fault fault) {
  const std::set<std::string> states = real_states(c);
  const StateMap after = complete(c.after, c, true), advance = complete(c.advance, c, true);
  const auto pulled_after = all_of(states, parameters, after);
  for (const std::string& s : states)
    if (const Expr v = tidy(pulled_after.at(s)); !(v == adjoint(s))) c.back_after.push_back({adjoint_name(s), v});
  list_gradients(pulled_after, parameters, c.back_after_gradient);

  std::set<std::string> wanted = states;
  wanted.insert(c.gathers.begin(), c.gathers.end());
  const auto pulled = all_of(wanted, parameters, advance);
  for (const std::string& s : wanted) {
    Expr v = pulled.at(s);
    if (fault == Fault::transpose_flow_jacobian && states.contains(s)) {
      v = 0.0;
      for (const std::string& k : states) v = v + adjoint(k) * differentiate(advance.at(s), k);
    }
    v = tidy(v);
    if (!states.contains(s) || !(v == adjoint(s))) c.back_advance.push_back({adjoint_name(s), v});
  }
  list_gradients(pulled, parameters, c.back_advance_gradient);
}

/// The own spike: reset and readouts' spike hooks as one jump, found by the threshold or caused by an arrival.
void derive_spike(const Program& program, Cell& c, const std::set<std::string>& parameters, Fault fault) {
  const std::set<std::string> states = real_states(c);
  const StateMap flow = complete(c.flow, c, false), after = complete(c.jump, c, true);
  const JumpAdjoint jump = jump_adjoint(flow, after, fault == Fault::drop_reset_jacobian);
  const Expr acc = fault == Fault::drop_acc ? Expr(0.0) : symbol(acc_name(c.name));
  const Expr nu = tidy(jump.nu + acc), slope = symbol(slope_name(c.name));
  const Expr threshold = where_it_holds(c.threshold);
  c.slope = tidy(motion(threshold, flow));

  StateMap before;
  for (const std::string& s : states) before.emplace(s, tidy(jump.tilde.at(s) + differentiate(threshold, s) * nu / slope));
  list_adjoints(before, c.back_jump);
  const auto by_reset = weigh(after, parameters);
  std::map<std::string, Expr> gradient;
  for (const std::string& p : parameters) gradient.emplace(p, by_reset.at(p) + differentiate(threshold, p) * nu / slope);
  list_gradients(gradient, parameters, c.back_jump_gradient);

  if (program.mode == TimeMode::exact) {
    c.cause = nu;
    list_adjoints(jump.tilde, c.back_jump_caused);
    list_gradients(by_reset, parameters, c.back_jump_caused_gradient);
    return;
  }
  // On the grid, x- is taken after the step for what the threshold reads, and at its start for all else (the current that
  // drove the crossing): the slope is then positive wherever the neuron crossed from below.
  Bindings at_start;
  const std::set<std::string> read = free_symbols(threshold);
  for (const std::string& s : states)
    if (!read.contains(s)) at_start.emplace(symbol(s), symbol(start_name(s)));
  c.slope = tidy(substitute(c.slope, at_start));
  for (std::vector<Update>* list : {&c.back_jump, &c.back_jump_gradient})
    for (Update& u : *list) u.value = tidy(substitute(u.value, at_start));
}

}  // namespace

void derive_cell(Program& program, Cell& c, Diagnostics&, Fault fault) {
  const std::set<std::string> parameters = trainable_names(program);
  derive_steps(c, parameters, fault);
  if (c.threshold.defined()) derive_spike(program, c, parameters, fault);
  StateMap start;
  for (const State& s : c.states)
    if (!s.count) start.emplace(s.name, s.initial);
  list_gradients(weigh(start, parameters), parameters, c.back_start_gradient);
}

}  // namespace antidrome::passes
