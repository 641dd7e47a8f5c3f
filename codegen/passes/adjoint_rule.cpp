#include "codegen/passes/adjoint.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

void collect_stops(Expr e, std::set<Expr>& seen, std::vector<Expr>& stops) {
  if (!seen.insert(e).second) return;
  if (e.is(Kind::stop)) stops.push_back(e);
  for (Expr a : e.args()) collect_stops(a, seen, stops);
}

std::vector<Expr> stops_in(Expr e) {
  std::set<Expr> seen;
  std::vector<Expr> stops;
  collect_stops(e, seen, stops);
  return stops;
}

}  // namespace

Expr tidy(Expr e) {
  constexpr std::size_t large = 80;                // the composed stages of RK4 share most of their nodes; expanding them only grows the text
  return dag_size(e) <= large ? simplify(e) : e;
}

std::set<std::string> real_states(const Cell& c) {
  std::set<std::string> names;
  for (const State& s : c.states)
    if (!s.count) names.insert(s.name);
  return names;
}

std::set<std::string> trainable_names(const Program& program) {
  std::set<std::string> names;
  for (const Parameter& p : program.parameters)
    if (p.trainable) names.insert(p.name);
  return names;
}

StateMap complete(const std::vector<Update>& updates, const Cell& c, bool identity) {
  StateMap map;
  for (const std::string& s : real_states(c)) map.emplace(s, identity ? symbol(s) : Expr(0.0));
  for (const Update& u : updates)
    if (auto it = map.find(u.target); it != map.end()) it->second = u.value;
  return map;
}

Expr without_stops(Expr e) {
  for (std::vector<Expr> stops = stops_in(e); !stops.empty(); stops = stops_in(e)) e = substitute(e, {{stops.front(), stops.front().arg(0)}});
  return e;
}

Expr motion(Expr e, const StateMap& flow) {
  const Expr nominal = without_stops(e);
  Expr sum = differentiate(nominal, "time");
  for (const auto& [state, f] : flow) sum = sum + differentiate(nominal, state) * f;
  return sum;
}

Expr explicit_motion(Expr e, const StateMap& flow) {
  const std::vector<Expr> stops = stops_in(e);
  Expr sum = differentiate(e, "time");
  for (Expr stopped : stops) {
    const Expr held = symbol("held");                        // one stopped value at a time, as a variable of its own
    sum = sum + substitute(differentiate(substitute(e, {{stopped, held}}), "held"), {{held, stopped}}) * motion(stopped.arg(0), flow);
  }
  return sum;
}

std::map<std::string, Expr> weigh(const StateMap& values, const std::set<std::string>& wanted) {
  std::vector<Seed> seeds;
  for (const auto& [state, value] : values) seeds.push_back({value, adjoint(state)});
  return pull_back(seeds, wanted);
}

JumpAdjoint jump_adjoint(const StateMap& flow, const StateMap& after, bool identity_jacobian) {
  JumpAdjoint result;
  std::set<std::string> states;
  Bindings jumped;
  for (const auto& [state, value] : after) {
    states.insert(state);
    jumped.emplace(symbol(state), value);
  }
  const auto pulled = weigh(after, states);
  result.nu = 0.0;
  for (const auto& [state, value] : after) {
    const Expr tilde = identity_jacobian ? adjoint(state) : tidy(pulled.at(state));
    result.tilde.emplace(state, tilde);
    const Expr f = flow.at(state), f_after = substitute(f, jumped);
    result.nu = result.nu + adjoint(state) * (f_after - explicit_motion(value, flow)) - tilde * f;
  }
  result.nu = tidy(result.nu);
  return result;
}

void list_gradients(const std::map<std::string, Expr>& pulled, const std::set<std::string>& parameters, std::vector<Update>& out) {
  for (const auto& [name, value] : pulled)
    if (parameters.contains(name))
      if (const Expr v = tidy(value); !v.is_number(0)) out.push_back({gradient_name(name), v});
}

void list_adjoints(const StateMap& tilde, std::vector<Update>& out) {
  for (const auto& [state, value] : tilde)
    if (!(value == adjoint(state))) out.push_back({adjoint_name(state), value});
}

void derive_adjoint(Program& program, Diagnostics& diagnostics, Fault fault) {
  for (Cell& c : program.cells) derive_cell(program, c, diagnostics, fault);
  for (Edge& e : program.edges) derive_edge(program, e, diagnostics, fault);
  for (ProgramLoss& l : program.losses) derive_loss(program, l, diagnostics);
}

}  // namespace antidrome::passes
