// Simulators whose instructions are counted: `build FOLDER` generates and compiles them, `run FOLDER NAME` runs one batch of one of them.
#include <cstdio>

#include "tests/openmp/parity.hpp"

namespace {

using namespace antidrome;
using namespace antidrome::fixtures;

struct Kernel {
  const char* name;
  ir::Network network;
  bool half = false;
};

std::vector<Kernel> kernels() {
  const fixtures::Shape wide{.inputs = 40, .hidden = 100, .outputs = 10, .input_weight = 0.2, .all_trainable = false};
  std::vector<Kernel> out;
  out.push_back({"lif", two_layers(cuba_lif(), pulse(), exp_weighted(), cross_entropy(), wide).network()});
  out.push_back({"lif_mixed", two_layers(cuba_lif(), pulse(), exp_weighted(), cross_entropy(), wide).network(), true});
  out.push_back({"conductance", two_layers(lif_with_input(), conductance(), mean_voltage(), cross_entropy(), wide).network()});
  out.push_back({"own_delays", scattered_network()});
  return out;
}

ir::Program program_of(const Kernel& k) { return derive(k.network); }

/// AVX2, which callgrind can simulate.
void build(const std::filesystem::path& folder) {
  for (const Kernel& k : kernels()) {
    compile(program_of(k), std::string("counted_") + k.name, {.precision = kernel::Precision::single_precision, .march = "x86-64-v3", .half = k.half});
    const auto library = scratch(std::string("counted_") + k.name + (k.half ? "_mixed_" : "_float_") + "x86-64-v3") / "simulator.so";
    std::filesystem::copy_file(library, folder / (std::string(k.name) + ".so"), std::filesystem::copy_options::overwrite_existing);
  }
}

void run(const std::filesystem::path& folder, const std::string& name) {
  for (const Kernel& k : kernels()) {
    if (name != k.name) continue;
    void* library = dlopen((folder / (name + ".so")).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(dlerror());
    char message[256] = "";
    const ir::Program program = program_of(k);
    Simulator s(program, reinterpret_cast<antidrome_open_fn>(dlsym(library, ANTIDROME_OPEN_SYMBOL))("", message, sizeof message));
    s.initialise(3);
    const int units = program.cells[0].size;
    const BatchResult r = s.run(random_samples(3, 1, units, 150, 1, 3, 2, 300), {.dt_ms = 1, .steps = 150, .spike_capacity = 40000});
    std::uint32_t spikes = 0;
    for (const auto& status : r.status) spikes += status.spikes;
    std::printf("%s: code %d, %u spikes\n", k.name, r.code, spikes);
    if (r.code != 0) throw std::runtime_error("the batch failed");
    return;
  }
  throw std::runtime_error("no such kernel");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && !std::strcmp(argv[1], "build")) build(argv[2]);
    else if (argc == 4 && !std::strcmp(argv[1], "run")) run(argv[2], argv[3]);
    else return std::puts("build FOLDER | run FOLDER NAME"), 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
