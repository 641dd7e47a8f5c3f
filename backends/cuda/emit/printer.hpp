// The walk over a device module; internal to this folder. It decides nothing.
#pragma once
#include "backends/text/text.hpp"
#include "codegen/kernel_ir/device/device.hpp"

namespace antidrome::cuda {

using namespace text;

class Printer {
 public:
  explicit Printer(const kernel::DeviceModule& module) : d_(module), m_(module.base) {}
  std::string print();

 private:
  // declarations.cpp
  void sizes();
  void arguments();
  void constants_struct();
  void constants_kernel(int threads);
  void begin_kernel(const kernel::DeviceKernel& k);
  void end_kernel(const kernel::DeviceKernel& k);
  void parameters_of(const std::vector<ir::Expr>& values);
  void draws_used(int scalar);
  // trial.cpp: loops, lists and barriers
  void trial(const kernel::DeviceKernel& k);
  void shared_memory(const kernel::Node& body);
  void registers(const kernel::Node& body);
  void node(const kernel::Node& n);
  void nodes(const std::vector<kernel::Node>& list);
  void steps(const kernel::Node& n);
  void steps_back(const kernel::Node& n);
  void step_constants(const kernel::Node& n);
  void begin_sample(const kernel::Node& n);
  void end_sample(const kernel::Node& n);
  void begin_lists(const kernel::Node& n);
  void finish_lists(const kernel::Node& n);
  void when(const kernel::Node& n);
  void check_states(const kernel::Node& n);
  void record_states(const kernel::Node& n);
  // spikes.cpp: what spikes do
  void emit(const kernel::Node& n);
  void record_spikes(const kernel::Node& n);
  void rows(const kernel::Node& n);
  void first_rows(const kernel::Node& n);
  void ahead(const kernel::Node& n);
  void spike_loop(const kernel::Node& n);
  void warp_body(const kernel::Node& n);
  void scattered_dot(const kernel::Node& n, const std::string& sum);
  void list_place(const kernel::Node& n);
  void scatter(const kernel::Node& n);
  void dense_sum(const kernel::Node& n);
  void publish(const kernel::Node& n);
  void arrivals_of(const kernel::EdgeLayout& e, const std::string& first, const std::string& last);
  // fetches.cpp: spikes of the way back, which are known beforehand
  void begin_fetching(const kernel::Node& n);
  void fetch_spikes(const kernel::Node& n);
  void fetch_numbers(const kernel::Node& n, const std::string& unit, const std::string& first, const std::string& last);
  void fetch_left(const kernel::Node& n, const std::string& left, const std::string& unit, const std::string& first);
  void fetch_rows(const kernel::Node& n, const std::string& unit, const std::string& spikes);
  void other_dots(const kernel::Node& n, const std::string& unit, const std::string& spikes);
  void own_spikes(const kernel::Node& n);
  void spikes_found(const kernel::Node& n, int together, const std::string& products, const std::string& unit, const std::string& place, const std::string& left);
  // lanes.cpp: statements of one neuron
  void lanes(const kernel::Node& n);
  void fired_lanes(const kernel::Node& n);
  void lane_statement(const kernel::Node& n, bool guarded);
  void unit_statement(const kernel::Node& n);                ///< of a spike: memory by the number of a unit
  void lane_loop(const std::string& cell, const std::vector<kernel::Node>& body, bool guarded);
  void let(const kernel::Node& n);
  bool in_memory(const kernel::Node& n) const;               ///< a load or store of a whole lane at once
  std::string address(const kernel::Node& n) const;          ///< of this lane's first neuron
  std::string unit_element(const kernel::Node& n) const;
  // losses.cpp
  void losses(const kernel::Node& n);
  void loss_statement(const kernel::Node& n);
  void warp_reduction(const kernel::Node& n);
  void block_reduction(const kernel::Node& n);
  // batch.cpp
  void sum_inputs(const kernel::DeviceKernel& k);
  void send_inputs(const kernel::DeviceKernel& k);
  void batch_means();
  void gather(const kernel::DeviceKernel& k);
  void gather_sliced(const kernel::DeviceKernel& k);
  void add_parts(const kernel::DeviceKernel& k);
  void add_synapses(const kernel::DeviceParameter& p, const kernel::EdgeLayout& e);
  void sum_parameters(const kernel::DeviceKernel& k);
  // update.cpp: the optimiser's step
  void square_gradients(const kernel::DeviceKernel& k);
  void decide_step();
  void move_parameters(const kernel::DeviceKernel& k);
  void open_elements(const kernel::DeviceParameter& p);      ///< a loop over the elements of the parameter, by all threads of the launch

  void in_role(const std::string& cell);                     ///< opens `if (<cell>)`, or a scope where the block has no other role
  std::string name(const std::string& cell) const { return kernel::identifier(cell); }
  std::string delay(const kernel::EdgeLayout& e) const;
  std::string text(ir::Expr e) const { return number_text(e, numbers_); }
  std::string row_of_unit(const std::string& weight) const;  ///< of the weight matrix, for unit j
  const kernel::Role& role(const std::string& cell) const { return *d_.role(cell); }
  bool fires(const std::string& cell) const { return m_.cell(cell).fires; }
  int record_size(const std::string& cell) const;
  int member_of_record(const std::string& cell, const std::string& buffer) const;
  static int numbers_of(const kernel::Node& found);          ///< that a spike brings, its row product among them

  const kernel::DeviceModule& d_;
  const kernel::KernelModule& m_;
  Writer w_;
  Numbers numbers_ = Numbers::single_precision;
  bool backward_ = false;                                    ///< the kernel that is being printed walks back
  bool losing_ = false;                                      ///< inside warp_losses
  bool others_ = false;                                      ///< the kernel has warps that own no neuron
  bool chosen_ = false;                                      ///< inside a loop that takes one neuron of each lane
  std::vector<const kernel::Node*> totals_, predictions_;    ///< loss_value and predict nodes of the kernel that is being printed
};

}  // namespace antidrome::cuda
