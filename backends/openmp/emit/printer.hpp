// The walk over a kernel module; internal to this folder.
#pragma once
#include "backends/text/text.hpp"
#include "codegen/kernel_ir/kernel.hpp"

namespace antidrome::openmp {

using namespace text;

class Printer {
 public:
  explicit Printer(const kernel::KernelModule& module) : m_(module) {}
  std::string print();

 private:
  // declarations.cpp
  void header();
  void sizes();
  void constants();
  void worker();
  void tape();
  void parameters();
  void parts();
  void means();
  void draw_use(const kernel::DrawLayout& d);
  // nodes.cpp
  void functions(const kernel::Node& n);
  void node(const kernel::Node& n);
  void nodes(const std::vector<kernel::Node>& list);
  void statement(const kernel::Node& n);
  void spike_statement(const kernel::Node& n);
  void let(const kernel::Node& n);
  std::string vector_text(ir::Expr e) const;
  void load(const kernel::Node& n);
  void store(const kernel::Node& n, bool add);
  void for_tiles(const kernel::Node& n);
  void for_blocks(const kernel::Node& n);
  void for_spikes(const kernel::Node& n);
  void for_events_ahead(const kernel::Node& n);
  void row_sum(const kernel::Node& n);
  std::string half_row(const std::string& weight, const std::string& post, const char* block) const;
  void dense(const kernel::Node& n);
  void gather_gradient(const kernel::Node& n);
  void list_by_unit(const kernel::Node& n);
  void reduction(const kernel::Node& n);
  void loss_value(const kernel::Node& n);
  // delays.cpp
  std::string delay_place(const kernel::EdgeLayout& e, const std::string& unit, const std::string& target) const;   ///< in the parameter's array
  std::string delay_gradient_place(const kernel::EdgeLayout&, const std::string& unit, const std::string& target) const;
  void exact_lift(bool lifts);
  void exact_deliver_one(bool lifts);
  void exact_delays();
  void exact_deliver();
  void fill_delay(const kernel::EdgeLayout& e);
  void scattered(const kernel::Node& n);
  // run.cpp
  void forward_pass(const kernel::Node& samples);
  void backward_pass(const kernel::Node& chunks);
  void reduce();
  void exchange();
  void begin_forward();
  void finish_forward();
  void begin_backward(bool clear);
  void clear_matrices();
  void finish_sample();
  void record_adjoints();
  std::string trial(const char* qualifier) const;   ///< the declaration of what the passes of a sample share
  void batch_phase();
  std::string width(const kernel::BatchMean& mean) const;   ///< numbers of one sample in it
  static bool reads_label(const kernel::Node& n);
  // exact.cpp
  void exact_function(const kernel::Node& n);
  void segments();
  void exact_state();
  void exact_send();
  void exact_settle();
  void exact_move();
  void exact_forward();
  void exact_backward();
  void pack_rows();
  void workspace();
  void run();
  void entry();

  std::string address(const kernel::Node& n) const;      ///< of a buffer element or block
  std::string element(const kernel::Node& n) const;
  std::string delay(const kernel::EdgeLayout& e) const;  ///< in steps: a number, or one that is known when a batch runs
  std::string begin(const kernel::CellLayout& c) const;  ///< array of positions in the list of spikes, by step
  std::string unit(const kernel::CellLayout& c) const;
  std::string n(const std::string& cell) const { return kernel::identifier(cell) + "_n"; }
  std::string text(ir::Expr e) const { return number_text(e, numbers_); }

  const kernel::KernelModule& m_;
  Writer w_;
  Numbers numbers_ = Numbers::single_precision;
  kernel::Column column_ = kernel::Column::none;          ///< what statements of the current loop are
  std::string tile_;                                      ///< cell of the current tile loop
};

}  // namespace antidrome::openmp
