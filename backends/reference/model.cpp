#include "backends/reference/model.hpp"

#include <stdexcept>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/names.hpp"
#include "runtime/include/antidrome/philox.h"

namespace antidrome::reference {

using Axes = ir::Parameter::Axes;

namespace {

/// The same in all neurons and steps of a trial (h: of a segment)?
bool is_steady(const Address& a) {
  switch (a.kind) {
    case Address::Kind::parameter: return !a.per_neuron;
    case Address::Kind::dt: case Address::Kind::trial: case Address::Kind::training: case Address::Kind::h: return true;
    default: return false;
  }
}

double drawn(const Address& a, const Frame& f) {
  double four[4];
  antidrome_draw(a.kind == Address::Kind::normal, f.seed, static_cast<std::uint32_t>(a.index), f.epoch, f.sample, f.step / 4, static_cast<std::uint32_t>(f.neuron), four);
  return four[f.step % 4];
}

}  // namespace

double read(const Address& a, const Frame& f) {
  switch (a.kind) {
    case Address::Kind::state: return (*f.x)[a.index + f.neuron];
    case Address::Kind::start: return (*f.start)[a.index + f.neuron];
    case Address::Kind::adjoint: return (*f.lambda)[a.index + f.neuron];
    case Address::Kind::parameter: return (*f.parameters)[a.index][a.per_neuron ? f.neuron : 0];
    case Address::Kind::gather: return f.gathers ? (*f.gathers)[a.index + f.neuron] : 0;
    case Address::Kind::dot_adjoint: return (*f.dot_adjoint)[a.index];
    case Address::Kind::dot_kappa: return (*f.dot_kappa)[a.index];
    case Address::Kind::nu_post: return f.nu_post;
    case Address::Kind::acc: return f.acc;
    case Address::Kind::slope: return f.slope;
    case Address::Kind::time: return f.time;
    case Address::Kind::dt: return f.dt;
    case Address::Kind::trial: return f.trial;
    case Address::Kind::training: return f.training;
    case Address::Kind::h: return f.h;
    case Address::Kind::uniform:
    case Address::Kind::normal: return drawn(a, f);
    case Address::Kind::gather_adjoint:
    case Address::Kind::gather_kappa:
    case Address::Kind::gradient: break;
  }
  throw InternalError("internal error: this symbol can only be written, please report it");
}

// ---- Map

Map::Map(const std::vector<ir::Update>& updates, Model& model) {
  std::vector<ir::Expr> values;
  for (const ir::Update& u : updates) {
    values.push_back(u.value);
    targets_.push_back(model.address(u.target));
  }
  if (!values.empty()) compile(values, model);
}

Map::Map(ir::Expr e, Model& model) {
  if (e.defined()) compile({e}, model);
}

void Map::compile(const std::vector<ir::Expr>& values, Model& model) {
  std::set<std::string> names;
  for (const ir::Expr& e : values) names.merge(ir::free_symbols(e));
  const std::vector<std::string> inputs(names.begin(), names.end());
  std::vector<bool> steady;
  for (const std::string& name : inputs) {
    const Address& a = inputs_.emplace_back(model.address(name));
    steady.push_back(is_steady(a));
    if (!steady.back()) changing_.push_back(inputs_.size() - 1);
    reads_h_ |= a.kind == Address::Kind::h;
  }
  tape_.emplace(values, inputs, steady);
  number_ = model.map_count++;
}

const std::vector<double>& Map::operator()(const Frame& f) const {
  thread_local std::vector<double> out;
  out.resize(std::max<std::size_t>(targets_.size(), 1));
  Memo& memo = f.memos->at(number_);
  if (memo.known && (!reads_h_ || memo.h == f.h)) {
    for (const std::size_t k : changing_) memo.in[k] = read(inputs_[k], f);
    tape_->run_again(memo.in.data(), out.data(), memo.scratch.data());
    return out;
  }
  memo.in.resize(inputs_.size());
  memo.scratch.resize(tape_->scratch_size());
  for (std::size_t k = 0; k < inputs_.size(); ++k) memo.in[k] = read(inputs_[k], f);
  tape_->run(memo.in.data(), out.data(), memo.scratch.data());
  memo.known = true;
  memo.h = f.h;
  return out;
}

// ---- Model

Model::Model(ir::Program p) : program(std::move(p)) {
  for (const auto& [name, kind] : {std::pair{"time", Address::Kind::time}, {"dt", Address::Kind::dt}, {"trial", Address::Kind::trial},
                                   {"training", Address::Kind::training}, {"h", Address::Kind::h}})
    addresses_[name] = {kind, 0, false};
  place_cells();
  place_edges();
  place_parameters();
  compile_cells();
  compile_edges();
}

const Address& Model::address(const std::string& name) const {
  const auto found = addresses_.find(name);
  if (found == addresses_.end()) throw std::out_of_range("the program has no symbol '" + name + "'");
  return found->second;
}

std::size_t Model::cell_index(const std::string& name) const {
  for (std::size_t c = 0; c < program.cells.size(); ++c)
    if (program.cells[c].name == name) return c;
  throw std::out_of_range("the program has no cell '" + name + "'");
}

void Model::place_cells() {
  for (const ir::Cell& c : program.cells) {
    CellMaps& maps = cells.emplace_back();
    maps.size = static_cast<std::size_t>(c.size);
    maps.states = c.states.size();
    maps.offset = values;
    for (const ir::State& s : c.states) {
      addresses_[s.name] = {Address::Kind::state, values, true};
      addresses_[ir::start_name(s.name)] = {Address::Kind::start, values, true};
      addresses_[ir::adjoint_name(s.name)] = {Address::Kind::adjoint, values, true};
      values += maps.size;
    }
    for (const ir::Draw& d : c.draws) addresses_[d.name] = {d.kind == ir::Draw::Kind::normal ? Address::Kind::normal : Address::Kind::uniform, static_cast<std::size_t>(d.site), true};
    addresses_[ir::acc_name(c.name)] = {Address::Kind::acc, 0, false};
    addresses_[ir::slope_name(c.name)] = {Address::Kind::slope, 0, false};
  }
}

void Model::place_edges() {
  for (const ir::Edge& e : program.edges) {
    EdgeMaps& maps = edges.emplace_back();
    maps.pre = cell_index(e.pre);
    maps.post = cell_index(e.post);
    for (const ir::Gather& g : e.gathers) {
      addresses_[g.name] = {Address::Kind::gather, gather_sums, true};
      addresses_[ir::adjoint_name(g.name)] = {Address::Kind::gather_adjoint, gather_sums, true};
      addresses_[ir::kappa_name(g.name)] = {Address::Kind::gather_kappa, gather_sums, true};
      addresses_[ir::dot_name(ir::adjoint_name(g.name))] = {Address::Kind::dot_adjoint, gathers, false};
      addresses_[ir::dot_name(ir::kappa_name(g.name))] = {Address::Kind::dot_kappa, gathers, false};
      maps.gathers.push_back({gathers++, gather_sums, std::nullopt, g.continuous, {}});
      gather_sums += cells[maps.post].size;
    }
    addresses_[ir::qualified(e.name, "nu_post")] = {Address::Kind::nu_post, 0, false};
  }
}

void Model::place_parameters() {
  for (std::size_t k = 0; k < program.parameters.size(); ++k) {
    const ir::Parameter& p = program.parameters[k];
    if (p.axes == Axes::source_target) continue;  // weights are read by gathers only
    addresses_[p.name] = {Address::Kind::parameter, k, p.axes != Axes::shared};
    addresses_[ir::gradient_name(p.name)] = {Address::Kind::gradient, k, p.axes != Axes::shared};
  }
}

void Model::compile_cells() {
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const ir::Cell& c = program.cells[k];
    CellMaps& m = cells[k];
    const auto map = [&](const auto& what) { return Map(what, *this); };
    std::vector<ir::Update> initial;
    for (const ir::State& s : c.states) initial.push_back({s.name, s.initial.defined() ? s.initial : ir::Expr(0)});
    m.initial = map(initial);
    m.threshold = map(c.threshold);
    m.jump = map(c.jump);
    m.after = map(c.after);
    m.advance = map(c.advance);
    m.back_after = map(c.back_after);
    m.back_after_gradient = map(c.back_after_gradient);
    m.back_jump = map(c.back_jump);
    m.back_jump_gradient = map(c.back_jump_gradient);
    m.back_jump_caused = map(c.back_jump_caused);
    m.back_jump_caused_gradient = map(c.back_jump_caused_gradient);
    m.back_advance = map(c.back_advance);
    m.back_advance_gradient = map(c.back_advance_gradient);
    m.back_start_gradient = map(c.back_start_gradient);
    m.slope = map(c.slope);
    m.cause = map(c.cause);
  }
}

void Model::compile_edges() {
  for (std::size_t k = 0; k < edges.size(); ++k) {
    const ir::Edge& e = program.edges[k];
    EdgeMaps& m = edges[k];
    if (e.connectivity.kind == ir::Connectivity::Kind::sparse) throw std::runtime_error("edge '" + e.name + "': the reference backend has no sparse connectivity");
    const auto map = [&](const auto& what) { return Map(what, *this); };
    for (std::size_t g = 0; g < e.gathers.size(); ++g) {
      m.gathers[g].factor = map(e.gathers[g].factor);
      for (std::size_t p = 0; p < program.parameters.size(); ++p)
        if (program.parameters[p].name == e.gathers[g].weight) m.gathers[g].weight = p;
      if (!e.gathers[g].weight.empty() && !m.gathers[g].weight) throw std::out_of_range("the program has no parameter '" + e.gathers[g].weight + "'");
    }
    m.arrive_pre = map(e.arrive_pre);
    m.arrive_post = map(e.arrive_post);
    m.back_operands = map(e.back_operands);
    m.scattered = program.scattered(e);
    for (std::size_t p = 0; p < program.parameters.size(); ++p)
      if (!e.delay.empty() && program.parameters[p].name == e.delay) m.delay = p, m.delay_trained = program.parameters[p].trainable;
    m.back_nu_post = map(e.jump_linear && !(m.scattered && m.delay_trained) ? ir::Expr() : e.back_nu_post);
    m.back_arrive_post = map(e.back_arrive_post);
    m.back_arrive_post_gradient = map(e.back_arrive_post_gradient);
    m.back_arrive_pre = map(e.back_arrive_pre);
    m.back_arrive_pre_gradient = map(e.back_arrive_pre_gradient);
    m.back_acc = map(e.back_acc);
    m.back_couple_pre = map(e.back_couple_pre);
    m.back_couple_pre_gradient = map(e.back_couple_pre_gradient);
  }
}

bool Model::connected(const ir::Edge& e, std::size_t i, std::size_t j) const {
  if (e.connectivity.kind == ir::Connectivity::Kind::one_to_one) return i == j;
  return e.connectivity.self || e.pre != e.post || i != j;
}

std::size_t Model::weight_index(std::size_t parameter, std::size_t i, std::size_t j) const {
  const ir::Parameter& p = program.parameters[parameter];
  switch (p.axes) {
    case Axes::shared: return 0;
    case Axes::source: return i;
    case Axes::neuron:
    case Axes::target: return j;
    case Axes::source_target: return i * static_cast<std::size_t>(p.cols) + j;
  }
  return 0;
}

double Model::delay_ms(std::size_t edge, const Parameters& parameters, std::size_t i, std::size_t j) const {
  const auto& delay = edges[edge].delay;
  return delay ? parameters[*delay][weight_index(*delay, i, j)] : 0;
}

double Model::weight(const GatherMaps& g, const Parameters& parameters, std::size_t i, std::size_t j) const {
  return g.weight ? parameters[*g.weight][weight_index(*g.weight, i, j)] : 1;
}

}  // namespace antidrome::reference
