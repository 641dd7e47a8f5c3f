// The manifest of a build (docs/manifest.md): names, sizes, initial values and bounds of a simulator.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome {

/// How the elements of a parameter begin.
struct Init {
  enum class Kind { number, uniform, normal, gamma, values };
  Kind kind = Kind::number;
  double a = 0, b = 0;          ///< number; low, high; mean, s.d.; shape, scale
  std::vector<double> values;   ///< row-major, without padding
  std::string str() const;      ///< "normal(1.5, 0.78)"
};

struct ParameterInfo {
  std::string name;             ///< "input_hidden.w"
  std::uint32_t rows = 1, cols = 1;
  std::string axes;             ///< "shared", "neuron", "source", "target", "source target"
  bool trainable = false;
  Init init;
  std::optional<double> low, high;
  std::string origin;           ///< "yinyang.cc:14:3"
  std::string weight_into;      ///< the population whose sums it weighs; empty: it is no weight
  std::uint64_t elements() const { return std::uint64_t{rows} * cols; }
};

struct PopulationInfo {
  std::string name;
  std::uint32_t size = 0;
  std::string model;
  std::vector<std::string> states;
  bool fires = false;
};

struct SourceInfo { std::string name; std::uint32_t size = 0; };
struct ReadoutInfo { std::string name, population; std::uint32_t size = 0; };
struct LossInfo { std::string name, readout, when; bool labelled = true; };

struct Manifest {
  std::filesystem::path directory;
  std::string model, fingerprint, backend, mode, precision, library, rule;
  std::vector<std::pair<std::string, std::string>> options;   ///< values as text
  std::vector<SourceInfo> sources;
  std::vector<PopulationInfo> populations;
  std::vector<ParameterInfo> parameters;
  std::vector<ReadoutInfo> readouts;
  std::vector<LossInfo> losses;

  std::uint32_t neurons() const;                 ///< of all populations
  std::uint32_t scores() const;                  ///< elements of the first loss's readout; 0 without a loss
  bool exact() const { return mode == "exact"; }
  std::vector<std::string> parameter_names() const;
  const ParameterInfo* parameter(std::string_view name) const;
};

/// Reads and validates `directory`/manifest.json; throws Failure (AD420) that names the file, the place and what is wrong.
Manifest load_manifest(const std::filesystem::path& directory);

}  // namespace antidrome
