#include "codegen/kernel_ir/block.hpp"

#include <fmt/format.h>

namespace antidrome::kernel {

using namespace ir;

std::string local_name(const std::string& symbol) {
  // names that printed functions use for themselves
  static const std::set<std::string> taken = {"k", "w", "m", "g", "h", "j", "s", "t", "b", "c", "b0", "s0", "s1", "t0", "t1", "ta", "at", "block", "tape", "trial", "result", "part", "now", "time", "length", "steps", "step", "label",
                                              "history", "first", "slice", "fired", "fired_before", "crossed", "kept", "above", "has_label", "end_time", "exp", "log", "sqrt", "sin", "cos", "tanh", "pow", "floor", "absolute", "minimum", "maximum",
                                              "a", "e", "u", "lane", "warp", "sample", "before", "counter", "rank", "cursor", "wide", "none", "warps", "threads", "neurons", "pick", "number", "load", "store", "vec", "mask", "real", "vf", "vi", "slope", "place", "element", "product", "row", "total"};
  const std::size_t dot = symbol.find('.');
  const std::string name = identifier(dot == std::string::npos ? symbol : symbol.substr(dot + 1));
  return taken.contains(name) ? name + "_" : name;
}

void Block::place(const std::string& symbol, Place at, const std::string& name) {
  placed_[symbol] = {std::move(at), name};
  bound_.erase(symbol);
}

void Block::bind(const std::string& symbol, const std::string& name) { bound_[symbol] = name; }

std::string Block::unique(const std::string& name) {
  std::string candidate = name;
  for (int k = 2; !names_.insert(candidate).second; ++k) candidate = fmt::format("{}_{}", name, k);
  return candidate;
}

Expr Block::lower(Expr e) {
  const Expr hoisted = constants_.hoist(e);
  Bindings bindings;
  for (const std::string& s : free_symbols(hoisted)) {
    auto it = bound_.find(s);
    if (it == bound_.end()) {
      Node load;
      load.kind = NodeKind::load;
      if (const Constant* c = constants_.find(s)) {
        if (c->axes == Constant::Axes::scalar || c->axes == Constant::Axes::segment) continue;   // read where it lies
        load.name = unique(c->name);
        load.buffer = s;
        if (c->axes == Constant::Axes::step) load.row = Row::step;
        else load.column = column_;
      } else if (auto p = placed_.find(s); p != placed_.end()) {
        load.name = unique(p->second.second);
        load.buffer = p->second.first.buffer;
        load.row = p->second.first.row;
        load.column = p->second.first.column;
      } else {
        throw InternalError(fmt::format("internal error: '{}' has no place in a kernel, please report it", s));
      }
      it = bound_.emplace(s, load.name).first;
      nodes_.push_back(load);
    }
    bindings.emplace(symbol(s), symbol(it->second));
  }
  return substitute(hoisted, bindings);
}

std::string Block::let(const std::string& name, Expr lowered, const std::string& note) {
  if (lowered.is(Kind::symbol) && !lowered.name().starts_with("k.") && !lowered.name().starts_with("g.")) return lowered.name();
  Node n;
  n.kind = NodeKind::let;
  n.name = unique(name);
  n.value = lowered;
  n.note = note;
  nodes_.push_back(n);
  return n.name;
}

std::map<std::string, std::string> Block::update(const std::vector<Update>& updates, const std::string& suffix) {
  std::vector<Expr> values;
  for (const Update& u : updates) values.push_back(lower(u.value));
  std::map<std::string, std::string> names;
  for (std::size_t k = 0; k < updates.size(); ++k) names[updates[k].target] = let(local_name(updates[k].target) + suffix, values[k], updates[k].target + " := " + print(updates[k].value));
  for (const auto& [target, name] : names) bind(target, name);
  return names;
}

void Block::store(Place at, Expr lowered, const std::string& note) {
  Node n;
  n.kind = NodeKind::store;
  n.buffer = at.buffer;
  n.row = at.row;
  n.column = at.column;
  n.value = lowered;
  n.note = note;
  nodes_.push_back(n);
}

void Block::add(Place at, Expr lowered, const std::string& note) {
  store(std::move(at), lowered, note);
  nodes_.back().kind = NodeKind::add;
}

void Block::store_pair(Place at, Expr lowered, Expr beside, const std::string& note) {
  store(std::move(at), lowered, note);
  nodes_.back().kind = NodeKind::store_pair;
  Node second;
  second.value = beside;
  nodes_.back().body.push_back(second);
}

namespace {

void collect_symbols(const Node& n, std::set<std::string>& used) {
  if (n.value.defined())
    for (const std::string& s : free_symbols(n.value)) used.insert(s);
  for (const Node& child : n.body) collect_symbols(child, used);
}

/// Backwards: a load or let whose name nobody reads later goes.
void drop_unread(std::vector<Node>& nodes) {
  std::set<std::string> used;
  std::vector<Node> kept;
  for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) {
    const bool pure = it->kind == NodeKind::load || it->kind == NodeKind::let || it->kind == NodeKind::tile_value;
    if (pure && !used.contains(it->name)) continue;
    collect_symbols(*it, used);
    kept.push_back(std::move(*it));
  }
  nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

void count_parents(Expr e, std::set<Expr>& visited, std::map<Expr, int>& parents) {
  if (!visited.insert(e).second) return;
  for (Expr a : e.args()) {
    ++parents[a];
    count_parents(a, visited, parents);
  }
}

void count_roots(const std::vector<Node>& nodes, std::set<Expr>& visited, std::map<Expr, int>& parents) {
  for (const Node& n : nodes) {
    if (n.value.defined()) {
      ++parents[n.value];
      count_parents(n.value, visited, parents);
    }
    count_roots(n.body, visited, parents);
  }
}

/// What is worth a name: anything that is computed (a bare negation or truth value is not).
bool worth_naming(Expr e) {
  switch (e.kind()) {
    case Kind::number: case Kind::symbol: case Kind::neg:
    case Kind::less: case Kind::less_equal: case Kind::equal: case Kind::not_equal:
    case Kind::logical_and: case Kind::logical_or: case Kind::logical_not: return false;
    default: return true;
  }
}

}  // namespace

std::vector<Node> Block::finish() {
  drop_unread(nodes_);
  std::map<Expr, int> parents;
  std::set<Expr> visited;
  count_roots(nodes_, visited, parents);
  std::map<Expr, Expr> named;
  std::vector<Node> out;
  // bottom-up: a shared part gets its name just before the first statement that reads it
  std::function<Expr(Expr)> name_shared = [&](Expr e) -> Expr {
    if (auto it = named.find(e); it != named.end()) return it->second;
    if (e.args().empty()) return e;
    std::vector<Expr> args;
    for (Expr a : e.args()) args.push_back(name_shared(a));
    Expr rebuilt = make(e.kind(), args);
    if (parents[e] > 1 && worth_naming(e)) {
      Node n;
      n.kind = NodeKind::let;
      n.name = unique("shared");
      n.value = rebuilt;
      out.push_back(n);
      rebuilt = symbol(n.name);
    }
    return named[e] = rebuilt;
  };
  std::function<void(Node&)> rewrite = [&](Node& n) {
    if (n.value.defined()) {
      const Expr whole = n.value;
      if (n.kind == NodeKind::let && parents[whole] <= 1) {
        std::vector<Expr> args;
        for (Expr a : whole.args()) args.push_back(name_shared(a));
        if (!args.empty()) n.value = make(whole.kind(), args);
      } else if (n.kind == NodeKind::let && !named.contains(whole) && !whole.args().empty()) {
        std::vector<Expr> args;                                   // this statement itself names the shared value
        for (Expr a : whole.args()) args.push_back(name_shared(a));
        n.value = make(whole.kind(), args);
        named[whole] = symbol(n.name);
      } else {
        n.value = name_shared(whole);
      }
    }
    for (Node& child : n.body) rewrite(child);
  };
  for (Node& n : nodes_) {
    rewrite(n);
    out.push_back(std::move(n));
  }
  return out;
}

}  // namespace antidrome::kernel
