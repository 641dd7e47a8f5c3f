// Straight-line code of one loop body: names are assigned once, values are loaded when first read, shared sub-expressions are
// computed once, and what nobody reads is dropped.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "codegen/kernel_ir/constants.hpp"

namespace antidrome::kernel {

/// Where a symbol of the Program is found when a statement reads it.
struct Place {
  std::string buffer;
  Row row = Row::none;
  Column column = Column::block;
};

class Block {
 public:
  Block(Constants& constants, Column column) : constants_(constants), column_(column) {}

  void place(const std::string& symbol, Place at, const std::string& name);   ///< loaded on the first read
  void bind(const std::string& symbol, const std::string& name);              ///< already has this name here
  /// The expression in names of this block.
  ir::Expr lower(ir::Expr e);
  /// Defines a name for a lowered value and answers it; a plain symbol keeps its own name.
  std::string let(const std::string& name, ir::Expr lowered, const std::string& note = {});
  /// Parallel map: all values first, then the targets mean the new ones. Answers the new names.
  std::map<std::string, std::string> update(const std::vector<ir::Update>& updates, const std::string& suffix);
  void store(Place at, ir::Expr lowered, const std::string& note = {});
  void add(Place at, ir::Expr lowered, const std::string& note = {});
  void store_pair(Place at, ir::Expr lowered, ir::Expr beside, const std::string& note = {});
  void push(Node node) { nodes_.push_back(std::move(node)); }                 ///< any other node, as it is
  std::string unique(const std::string& name);
  ir::Expr read(const std::string& symbol) { return lower(ir::symbol(symbol)); }
  bool empty() const { return nodes_.empty(); }

  std::vector<Node> finish();

 private:
  Constants& constants_;
  Column column_;
  std::map<std::string, std::string> bound_;                    ///< Program symbol -> name here
  std::map<std::string, std::pair<Place, std::string>> placed_;
  std::set<std::string> names_;
  std::vector<Node> nodes_;
};

/// The part of a Program symbol after its cell: "hidden.input_hidden.i" -> "input_hidden_i".
std::string local_name(const std::string& symbol);

}  // namespace antidrome::kernel
