// The optimiser's step, by the functions of antidrome/device_update.h.
#include <algorithm>

#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

/// What fills rows up to their stride is left alone.
void Printer::open_elements(const DeviceParameter& p) {
  w_.open(fmt::format("for (u32 q = first; q < {}u; q += all)", p.rows * p.stride));
  if (p.cols < p.stride) w_.line("if (q % {}u >= {}u) continue;", p.stride, p.cols);
}

void Printer::square_gradients(const DeviceKernel& k) {
  w_.raw("__shared__ Squares parts[256];");
  w_.raw("const u32 first = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;");
  int number = 0;
  for (const Node& n : k.body.body) {
    w_.open_scope();
    w_.raw("Squares mine = no_squares();");
    open_elements(d_.parameter(n.name));
    w_.line("mine = mine + square_of(__ldg(a.{}_gradient + q));", identifier(n.name));
    w_.close();
    w_.raw("const Squares sum = block_sum(mine, parts);");
    w_.line("const u32 part = {}u * gridDim.x + blockIdx.x;", number++);
    w_.raw("if (threadIdx.x == 0) a.square_parts[part] = sum.sum, a.square_part_exponents[part] = sum.exponent;");
    w_.close();
  }
}

void Printer::decide_step() {
  const auto learned = std::count_if(d_.parameters.begin(), d_.parameters.end(), [](const DeviceParameter& p) { return p.trainable; });
  w_.raw("__shared__ Squares parts[256];");
  w_.raw("int well = 1;");
  w_.open("for (u32 s = threadIdx.x; s < a.samples; s += blockDim.x)");
  w_.raw("well &= a.spikes[s] <= a.capacity && a.first_bad[2 * s] == none && a.first_bad[2 * s + 1] == none;");
  w_.raw("for (u32 k = 0; k < losses_n && well; ++k) well &= finite(a.loss[s * losses_n + k]);");
  w_.close();
  w_.raw("Squares all = no_squares();");
  w_.open(fmt::format("for (u32 k = 0; k < {}u; ++k)", learned));
  w_.line("const u32 part = k * {0}u + threadIdx.x;", element_blocks);
  w_.line("const Squares sum = block_sum(threadIdx.x < {}u ? Squares{{a.square_parts[part], a.square_part_exponents[part]}} : no_squares(), parts);", element_blocks);
  w_.raw("if (threadIdx.x == 0) a.squared_norms[k] = sum.sum, a.squared_norm_exponents[k] = sum.exponent;");
  w_.raw("all = all + sum;");
  w_.close();
  w_.raw("well = __syncthreads_and(well && finite(narrow(all.sum)));");
  w_.raw("if (threadIdx.x == 0) a.step_taken[0] = u32(well), a.step_scale[0] = scale_of(all, a.update_numbers);");
}

void Printer::move_parameters(const DeviceKernel& k) {
  w_.raw("if (a.step_taken[0] == 0u) return;");
  w_.raw("const u32 first = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;");
  w_.raw("const Update update = update_of(a.update_numbers, a.step_scale[0]);");
  int number = 0;
  for (const Node& n : k.body.body) {
    const std::string p = identifier(n.name);
    w_.open_scope();
    w_.line("const Move move = move_of(a.update_numbers, {}u);", number++);
    w_.open("if (move.moves)");
    open_elements(d_.parameter(n.name));
    w_.line("move_element(update, move, a.{0} + q, __ldg(a.{0}_gradient + q), a.{0}_moment1 + q, a.{0}_moment2 + q);", p);
    w_.close();
    w_.close();
    w_.close();
  }
}

}  // namespace antidrome::cuda
