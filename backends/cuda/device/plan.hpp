// kernels.json: what there is to allocate and to launch.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace antidrome::cuda {

struct PlannedArray {
  std::string name, type, of;
  std::uint64_t count = 1;
  std::vector<std::string> factors;
  bool zeroed = false, backward = false, updates = false;   // updates: only where the device moves parameters
};
struct PlannedKernel { std::string name, grid; std::uint32_t threads = 32, least_blocks = 1, rows = 0; bool backward = false, updates = false; std::vector<std::string> whole; };   // whole: arrays of which it reads every sample, or chunk, of the batch
struct PlannedCell { std::string name; std::uint32_t size = 0; int source = -1, population = -1; bool fires = false; std::uint32_t states = 0; std::vector<bool> adjoints; };   // adjoints: which states have one
struct PlannedParameter { std::string name, array; std::uint32_t rows = 1, cols = 1, stride = 1; bool matrix = false, trainable = false; };

struct Plan {
  std::string fingerprint, precision;
  std::uint32_t neurons = 0, scores = 0, losses = 1, list_padding = 0;
  std::vector<PlannedCell> cells;
  std::vector<PlannedArray> arrays;             ///< in the order of the kernels' argument
  std::vector<PlannedParameter> parameters;
  std::vector<PlannedKernel> kernels;

  std::uint32_t real_bytes() const { return precision == "double" ? 8 : 4; }
};

/// What a run decides, by the names of the factors.
struct Sizes {
  std::uint64_t samples = 0, steps = 0, capacity = 0, listed_capacity = 0, chunks = 1;
  std::vector<std::uint64_t> events;            ///< per source, filled up to groups of four
};

/// Throws std::runtime_error that names the file when it cannot be read or is of another version.
Plan read_plan(const std::filesystem::path& file);
Plan parse_plan(const std::string& text);

std::uint64_t bytes_of(const Plan& plan, const PlannedArray& array, const Sizes& sizes);

}  // namespace antidrome::cuda
