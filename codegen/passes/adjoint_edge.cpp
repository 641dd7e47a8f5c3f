#include <fmt/format.h>

#include "codegen/passes/adjoint.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

std::set<std::string> event_gathers(const Edge& e) {
  std::set<std::string> names;
  for (const Gather& g : e.gathers)
    if (!g.continuous) names.insert(g.name);
  return names;
}

Expr dot(const std::string& operand) { return symbol(dot_name(operand)); }

bool learns_delay(const Program& program, const Edge& e) { return !e.delay.empty() && program.parameter(e.delay)->trainable; }

/// Does anything want to know how the loss depends on the times of these arrivals?
bool is_timed(const Program& program, const Edge& e) { return !program.cell(e.pre)->source || learns_delay(program, e); }

/// What an arrival does to the target: operands of the row products, nu of a pair, and the target's own adjoint.
void derive_arrival_post(const Program& program, Edge& e, const Cell& post, const std::set<std::string>& parameters, Fault fault) {
  const StateMap flow = complete(post.flow, post, false), after = complete(e.arrive_post, post, true);
  const std::set<std::string> gathers = event_gathers(e);
  const JumpAdjoint jump = jump_adjoint(flow, after, fault == Fault::constant_jump);
  const auto by_gather = weigh(after, gathers);
  for (const std::string& g : gathers) e.back_operands.push_back({adjoint_name(g), tidy(by_gather.at(g))});

  Bindings silent;
  for (const std::string& g : gathers) silent.emplace(symbol(g), Expr(0.0));
  std::vector<Update> kappas;
  e.jump_linear = tidy(substitute(jump.nu, silent)).is_number(0);
  for (const std::string& g : gathers) {
    kappas.push_back({kappa_name(g), tidy(differentiate(jump.nu, g))});
    e.jump_linear = e.jump_linear && !depends_on(kappas.back().value, gathers);
  }
  if (is_timed(program, e)) {
    e.back_nu_post = jump.nu;
    if (e.jump_linear) e.back_operands.insert(e.back_operands.end(), kappas.begin(), kappas.end());
  }
  list_adjoints(jump.tilde, e.back_arrive_post);
  list_gradients(weigh(after, parameters), parameters, e.back_arrive_post_gradient);
}

/// What it does to the source: states kept there, the factors of the sums, and the time of the spike that sent it.
void derive_arrival_pre(const Program& program, Edge& e, const Cell& pre, const std::set<std::string>& parameters, Fault fault) {
  const StateMap flow = complete(pre.flow, pre, false), after = complete(e.arrive_pre, pre, true);
  std::vector<Seed> seeds;
  for (const auto& [state, value] : after) seeds.push_back({value, adjoint(state)});
  if (fault != Fault::constant_jump)
    for (const Gather& g : e.gathers)
      if (!g.continuous) seeds.push_back({g.factor, dot(adjoint_name(g.name))});
  std::set<std::string> wanted = real_states(pre);
  wanted.insert(parameters.begin(), parameters.end());
  const auto pulled = pull_back(seeds, wanted);

  StateMap tilde;
  Bindings jumped;
  for (const auto& [state, value] : after) {
    tilde.emplace(state, tidy(pulled.at(state)));
    jumped.emplace(symbol(state), value);
  }
  list_adjoints(tilde, e.back_arrive_pre);
  list_gradients(pulled, parameters, e.back_arrive_pre_gradient);
  if (!is_timed(program, e)) return;

  Expr nu = 0.0;
  for (const auto& [state, value] : after) {
    const Expr later = tidy(substitute(flow.at(state), jumped) - explicit_motion(value, flow)), before = tidy(flow.at(state));
    if (later == before && tilde.at(state) == adjoint(state)) continue;   // a state that the arrival neither moves nor drives
    nu = nu + adjoint(state) * later - tilde.at(state) * before;
  }
  for (const Gather& g : e.gathers) {
    if (g.continuous) continue;
    nu = nu - dot(adjoint_name(g.name)) * explicit_motion(g.factor, flow);
    if (e.jump_linear) nu = nu + g.factor * dot(kappa_name(g.name));
  }
  if (!e.jump_linear) nu = nu + symbol(qualified(e.name, "nu_post"));
  nu = tidy(nu);
  e.back_acc = nu;
  if (learns_delay(program, e) && !program.scattered(e)) e.back_arrive_pre_gradient.push_back({gradient_name(e.delay), tidy(-nu)});
}

/// Continuous couplings: G = sum over all sources of W * factor, every step.
void derive_coupling(Edge& e, const Cell& pre, const std::set<std::string>& parameters) {
  std::vector<Seed> seeds;
  for (const Gather& g : e.gathers)
    if (g.continuous) seeds.push_back({g.factor, dot(adjoint_name(g.name))});
  if (seeds.empty()) return;
  std::set<std::string> wanted = real_states(pre);
  wanted.insert(parameters.begin(), parameters.end());
  const auto pulled = pull_back(seeds, wanted);
  for (const std::string& s : real_states(pre))
    if (const Expr v = tidy(pulled.at(s)); !v.is_number(0)) e.back_couple_pre.push_back({adjoint_name(s), adjoint(s) + v});
  list_gradients(pulled, parameters, e.back_couple_pre_gradient);
}

/// States of the source that some event changes at once.
std::set<std::string> jumping_states(const Program& program, const Cell& pre) {
  std::set<std::string> names;
  for (const Update& u : pre.jump) names.insert(u.target);
  for (const Edge& e : program.edges) {
    if (e.pre == pre.name)
      for (const Update& u : e.arrive_pre) names.insert(u.target);
    if (e.post == pre.name)
      for (const Update& u : e.arrive_post) names.insert(u.target);
  }
  return names;
}

void refuse(const Program& program, const Edge& e, const Cell& pre, const Cell& post, Diagnostics& diagnostics) {
  const Location at = e.at;
  if (program.mode == TimeMode::grid && !e.jump_linear && is_timed(program, e))
    diagnostics.error("AD240", at, fmt::format("a spike of '{}' jumps a state that the flow of '{}' reads nonlinearly", e.name, e.post), "use mode = exact, or let the spike jump a current or conductance");
  if (program.mode == TimeMode::grid && post.threshold.defined())
    for (const Update& u : e.arrive_post)
      if (depends_on(post.threshold, {u.target}))
        diagnostics.error("AD241", at, fmt::format("a spike of '{}' jumps '{}', which the threshold of '{}' reads: it can make the neuron fire by itself", e.name, u.target, e.post),
                          "use mode = exact, or let the spike jump a current");
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    if (program.mode == TimeMode::exact)
      diagnostics.error("AD242", at, fmt::format("'{}' couples '{}' to '{}' continuously, which exact mode does not support yet", e.name, e.pre, e.post), "use mode = grid");
    if (!pre.source && depends_on(g.factor, jumping_states(program, pre)))
      diagnostics.error("AD243", at, fmt::format("'{}' couples through a state of '{}' that spikes change at once", e.name, e.pre), "couple through a state that follows the jumping one by a flow");
  }
}

}  // namespace

void derive_edge(Program& program, Edge& e, Diagnostics& diagnostics, Fault fault) {
  const std::set<std::string> parameters = trainable_names(program);
  const Cell &pre = *program.cell(e.pre), &post = *program.cell(e.post);
  derive_arrival_post(program, e, post, parameters, fault);
  derive_arrival_pre(program, e, pre, parameters, fault);
  derive_coupling(e, pre, parameters);
  refuse(program, e, pre, post, diagnostics);
}

}  // namespace antidrome::passes
