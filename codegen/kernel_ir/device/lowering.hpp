// What the device's lowering knows, beside the phases; seen by the files of this folder alone.
#pragma once
#include "codegen/kernel_ir/device/device.hpp"
#include "codegen/kernel_ir/phases.hpp"

namespace antidrome::kernel {

/// Warps of the backward pass that multiply rows: room for as many that own no neuron is left in every block.
constexpr int most_dot_warps = 3;

class DeviceLowering {
 public:
  DeviceLowering(Lowering& l, DeviceModule& d) : l_(l), d_(d), forward_(l), backward_(l) {}

  void plan_roles();                            ///< roles.cpp: warps and lanes of every cell
  void place_buffers();                         ///< roles.cpp: registers, shared or global memory; after all kernels are built
  Node forward_trial();                         ///< forward.cpp
  Node backward_trial();                        ///< backward.cpp
  void plan_arrays();                           ///< arrays.cpp
  void batch_kernels();                         ///< batch.cpp: what is computed for all samples at once
  std::vector<Node> loss_phases(std::vector<Node> nodes);   ///< losses.cpp

 private:
  // forward.cpp
  std::vector<Node> forward_step();
  void fetch_first_rows(std::vector<Node>& step);
  std::vector<Node> forward_end();
  void sum_arrivals(CellPlan& p, std::vector<Node>& out);
  void couple(const ir::Edge& e, std::vector<Node>& out);
  Node rows(const ir::Edge& e, const ir::Gather& g, const std::string& accumulator);
  // backward.cpp
  std::vector<Node> backward_step();
  std::vector<Node> backward_end();
  std::map<std::string, Node> own_spikes(std::vector<Node>& out);
  int dot_warps() const;
  int first_dot_warp() const;
  void bring(const CellPlan& p, std::vector<Node>& jump, Node& found) const;
  bool reads_tape(const CellPlan& p, const std::vector<Node>& jump) const;
  int rows_ahead(const std::vector<Node>& searches) const;
  void couple_back(const EdgePlan& p, std::vector<Node>& out);
  void at_source_back(const EdgePlan& p, std::vector<Node>& out);
  Node publish(const std::string& lane_buffer, const std::string& cell);
  void publish_operands(const std::vector<Node>& readers, std::vector<Node>& out);
  void sums_over_batch();
  void history_gradients();
  void step_of_optimiser();
  DeviceKernel sliced_gradients(const std::string& name, const std::string& note, std::vector<Node> gathers) const;

  bool has_gradient(const ir::Parameter& p) const;
  /// The synapses whose delays `p` has, one for each source or target, when it is learned; else null.
  const EdgePlan* shared_delay(const ir::Parameter& p) const;
  void arrays_of_parameters();
  void arrays_of_sources();
  void arrays_of_spikes();
  void arrays_of_buffers();
  void arrays_of_results();
  void arrays_of_update();
  void array(const std::string& name, DeviceArray::Type type, int count, std::vector<DeviceArray::Factor> factors, const std::string& note, bool backward = false, const std::string& of = {}, bool zeroed = false);

  bool computed(const ir::Cell& c) const { return d_.role(c.name) != nullptr; }

  Lowering& l_;
  DeviceModule& d_;
  ForwardPhases forward_;
  BackwardPhases backward_;
};

/// Loops over neurons become lanes: what was a unit of a loop is the lane's own neuron.
Node to_lanes(Node n);
Node lanes(const std::string& cell, std::vector<Node> body, const std::string& note = {});
/// What lanes read of every step is fetched a step ahead.
std::vector<Node> fetch_step_constants(std::vector<Node> step);
/// Barriers where one thread reads what another wrote, and nowhere else.
void place_barriers(const DeviceModule& module, Node& kernel);

}  // namespace antidrome::kernel
