// Spikes and state traces of single samples.
#pragma once
#include "runtime/session/session.hpp"

#include "codegen/diagnostics/diagnostics.hpp"

namespace antidrome {

/// What is recorded: spikes of populations, traces of states, each by its place in the manifest.
struct RecordRequest {
  std::vector<bool> spikes;                 ///< per population
  std::vector<std::vector<bool>> traces;    ///< per population, per state
  std::vector<std::vector<bool>> adjoints;  ///< likewise; they need a backward pass
  bool any_adjoint() const;
};

struct Recording {
  struct Population {
    std::vector<std::uint32_t> unit;
    std::vector<double> time_ms;
    std::vector<std::vector<float>> traces; ///< per state: [steps][neurons]; empty where not wanted
    std::vector<std::vector<float>> adjoints;   ///< likewise
  };
  std::vector<Population> populations;
  std::int32_t label = -1, prediction = -1;
  double loss = 0;
  std::vector<double> scores;
};

/// The adjoint of a state: "v" -> "lambda_v", "input_hidden.i" -> "input_hidden.lambda_i".
std::string adjoint_name(const std::string& state);

/// "hidden.spikes", "hidden.v", "hidden" (spikes and states), "all" (of every population), "hidden.lambda_v", "adjoints" (of every state); throws Failure (AD413) for names the model does not have, with the place
/// that `at` gives for the name.
RecordRequest record_request(const Manifest& manifest, const std::vector<std::string>& names, const std::function<Location(const std::string&)>& at);

/// Runs the batch and records the sample in slot `slot`. What a loss reads of the whole batch is as it is in training.
Recording record(Session& session, std::span<const antidrome_sample> batch, std::size_t slot, const RecordRequest& request, const Pass& pass = {});

/// Bytes that the recording of one sample takes.
std::uint64_t record_bytes(const Manifest& manifest, const RecordRequest& request, std::uint32_t steps);

}  // namespace antidrome
