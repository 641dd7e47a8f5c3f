// The processes of a job must be the same program with the same task, or their sums mean nothing.
#pragma once
#include "runtime/ranks/ranks.hpp"
#include "runtime/session/session.hpp"
#include "runtime/train/config.hpp"

namespace antidrome::cli {

/// Compares the programs and the command; throws Failure (AD461) on every rank where one differs.
void check_same_program(Ranks& ranks, const std::string& command);

/// Compares the configurations, the simulators and the parameters; throws Failure (AD461, AD464). What may differ: threads and where files lie.
void check_same_run(const RunConfig& config, const Session& session);

}  // namespace antidrome::cli
