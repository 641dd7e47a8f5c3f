// Solvers. The exact propagator of a linear flow is written with divided differences of exp: entry (i, j) of exp(hA) for a
// triangular A is the sum over the paths i <- ... <- j of (product of the couplings) * h^m * exp[h a_ii, ..., h a_jj], which
// has no singularity where two time constants agree (Opitz 1964; Higham, Functions of Matrices, section 4.2).
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "codegen/ir/names.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::passes {
namespace {

using namespace ir;

const Expr h = symbol("h");

std::set<std::string> real_states(const Cell& c) {
  std::set<std::string> names;
  for (const State& s : c.states)
    if (!s.count) names.insert(s.name);
  return names;
}

/// The part of the flow that is linear with constant coefficients and closed in itself.
struct LinearPart {
  std::map<std::string, LinearForm> rows;       ///< per state, over the states of this part
  std::vector<std::string> order;               ///< a state comes after all that its flow reads
};

/// What a constant coefficient may not read.
bool varies(Expr coefficient, const Cell& c) {
  std::set<std::string> names(c.gathers.begin(), c.gathers.end());
  for (const State& s : c.states) names.insert(s.name);
  names.insert("time");
  return depends_on(coefficient, names);
}

LinearPart linear_part(const Cell& c) {
  LinearPart part;
  std::map<std::string, Expr> flow;
  for (const Update& u : c.flow) flow.emplace(u.target, u.value);
  std::set<std::string> candidates = real_states(c);
  for (bool changed = true; changed;) {
    changed = false;
    part.rows.clear();
    for (const std::string& s : candidates) {
      const Expr f = flow.contains(s) ? flow.at(s) : Expr(0.0);
      LinearForm row = linear_form(f, candidates);
      bool fits = row.affine && !depends_on(row.constant, real_states(c)) && !depends_on(row.constant, {"time"});
      for (const auto& [name, a] : row.coefficient) fits = fits && !varies(a, c);
      for (const State& n : c.states) fits = fits && !(n.count && depends_on(f, {n.name}));
      if (!fits) { candidates.erase(s); changed = true; break; }
      part.rows.emplace(s, std::move(row));
    }
  }
  std::set<std::string> placed;
  for (bool changed = true; changed;) {
    changed = false;
    for (const State& s : c.states) {
      if (!part.rows.contains(s.name) || placed.contains(s.name)) continue;
      bool ready = true;
      for (const auto& [name, a] : part.rows.at(s.name).coefficient) ready = ready && (name == s.name || a.is_number(0) || placed.contains(name));
      if (!ready) continue;
      placed.insert(s.name);
      part.order.push_back(s.name);
      changed = true;
    }
  }
  return part;                                  // order misses the states on a cycle: they have no triangular propagator
}

Expr coefficient(const LinearForm& row, const std::string& name) {
  auto it = row.coefficient.find(name);
  return it == row.coefficient.end() ? Expr(0.0) : it->second;
}

/// Walks every path that ends in `end`, from the last state backwards, and adds what its start contributes.
void add_paths(const LinearPart& part, const std::string& at, Expr product, std::vector<Expr> points, Expr& sum) {
  const LinearForm& row = part.rows.at(at);
  points.push_back(h * coefficient(row, at));
  sum = sum + product * expdd(points) * symbol(at);
  if (!row.constant.is_number(0)) {
    std::vector<Expr> with_drive = points;
    with_drive.push_back(0.0);                  // a constant drive is a state with eigenvalue zero
    sum = sum + product * h * row.constant * expdd(with_drive);
  }
  for (const auto& [name, a] : row.coefficient)
    if (name != at && !a.is_number(0)) add_paths(part, name, product * h * a, points, sum);
}

/// x + h phi(h J) f with phi(z) = (e^z - 1)/z and J = df/dx where it is negative; Euler's step where the state grows by itself
/// (an exponential there would overshoot, and overflow in a spike-generating current).
Expr exponential_euler(const Update& f, bool exponential) {
  const Expr x = symbol(f.target);
  const Expr j = exponential ? simplify(differentiate(f.value, f.target)) : Expr(0.0);
  if (j.is_number(0)) return x + h * f.value;
  return x + h * expdd({h * make(Kind::minimum, {j, Expr(0.0)}), Expr(0.0)}) * f.value;
}

std::vector<Update> rk4(const Cell& c) {
  auto stage = [&](const std::vector<Update>* k, double part) {
    Bindings at;
    if (k) {
      for (const Update& u : *k) at.emplace(symbol(u.target), symbol(u.target) + Expr(part) * h * u.value);
      at.emplace(symbol("time"), symbol("time") + Expr(part) * h);
    }
    std::vector<Update> slopes;
    for (const Update& u : c.flow) slopes.push_back({u.target, substitute(u.value, at)});
    return slopes;
  };
  const auto k1 = stage(nullptr, 0), k2 = stage(&k1, 0.5), k3 = stage(&k2, 0.5), k4 = stage(&k3, 1);
  std::vector<Update> step;
  for (std::size_t s = 0; s < k1.size(); ++s)
    step.push_back({k1[s].target, symbol(k1[s].target) + h / 6.0 * (k1[s].value + 2.0 * k2[s].value + 2.0 * k3[s].value + k4[s].value)});
  return step;
}

/// Takes noise out of the flow: d(x) = f + amplitude * white() is x(h) = (step of f) + amplitude * sqrt(h) * a normal number
/// (Euler-Maruyama). The amplitude may depend on parameters and time, not on states, so that the adjoint has no term of it.
std::map<std::string, Expr> noise_of(Cell& c, Diagnostics& diagnostics) {
  std::set<std::string> white, moving(c.gathers.begin(), c.gathers.end());
  for (const Draw& d : c.draws)
    if (is_white(d.name.substr(c.name.size() + 1))) white.insert(d.name);
  for (const State& s : c.states) moving.insert(s.name);
  std::map<std::string, Expr> noise;
  for (Update& f : c.flow) {
    if (!depends_on(f.value, white)) continue;
    const LinearForm form = linear_form(f.value, white);
    Expr sum = 0.0;
    bool fits = form.affine;
    for (const auto& [name, amplitude] : form.coefficient) {
      fits = fits && !depends_on(amplitude, moving);
      sum = sum + amplitude * symbol(name);
    }
    if (!fits) {
      diagnostics.error("AD252", c.at, fmt::format("white() enters the flow of '{}' other than as a term of its own", f.target), "write d(v) = … + amplitude * white(), with an amplitude of parameters");
      continue;
    }
    noise.emplace(f.target, make(Kind::sqrt, {h}) * sum);
    f.value = form.constant;
  }
  return noise;
}

void solve_cell(Cell& c, TimeMode mode, Solver wanted, const Location& at, Diagnostics& diagnostics) {
  const std::vector<Update> own_step = std::move(c.advance);          // the neuron's step hook, from `join`
  c.advance.clear();
  const std::map<std::string, Expr> noise = noise_of(c, diagnostics);
  const LinearPart part = linear_part(c);
  const std::size_t moving = real_states(c).size();
  const bool all_linear = part.order.size() == moving;
  if (wanted == Solver::exact && !all_linear)
    diagnostics.error("AD230", at, fmt::format("the flow of '{}' is not linear with constant coefficients: it has no exact propagator", c.name), "leave the solver to Solver::automatic");
  if (wanted == Solver::automatic) wanted = all_linear ? Solver::exact : mode == TimeMode::exact ? Solver::rk4 : Solver::exponential_euler;
  if (mode == TimeMode::exact && (wanted == Solver::euler || wanted == Solver::exponential_euler))
    diagnostics.error("AD231", at, fmt::format("exact mode needs a solver of high order for '{}'", c.name), "use Solver::rk4 or Solver::automatic");

  if (wanted == Solver::rk4) {
    c.advance = rk4(c);
    c.solver = "RK4";
  } else {
    const std::set<std::string> exact = wanted == Solver::euler ? std::set<std::string>{} : std::set<std::string>(part.order.begin(), part.order.end());
    for (const Update& f : c.flow) {
      Expr next = 0.0;
      if (exact.contains(f.target)) add_paths(part, f.target, 1.0, {}, next);
      else next = exponential_euler(f, wanted == Solver::exponential_euler);
      c.advance.push_back({f.target, next});
    }
    c.solver = wanted == Solver::euler ? "Euler" : exact.size() == moving ? "exact propagator" : exact.empty() ? "exponential Euler" : "exact propagator, exponential Euler for the rest";
  }
  Bindings after_flow;
  for (Update& u : c.advance) {
    if (wanted != Solver::rk4) u.value = simplify(u.value);
    if (noise.contains(u.target)) u.value = u.value + noise.at(u.target);
    after_flow.emplace(symbol(u.target), u.value);
  }
  for (const Update& s : own_step) {
    const Expr value = simplify(substitute(s.value, after_flow));
    auto it = std::find_if(c.advance.begin(), c.advance.end(), [&](const Update& u) { return u.target == s.target; });
    if (it == c.advance.end()) c.advance.push_back({s.target, value});
    else it->value = value;
  }
  std::erase_if(c.advance, [](const Update& u) { return u.value == symbol(u.target); });
  c.linear = wanted == Solver::exact && own_step.empty();
}

}  // namespace

void solve(Program& program, Diagnostics& diagnostics) {
  for (Cell& c : program.cells)
    if (!c.states.empty()) solve_cell(c, program.mode, c.wanted_solver, c.at, diagnostics);
}

}  // namespace antidrome::passes
