// Plots of a run folder; without the plot library this says so and does nothing.
#pragma once
#include <filesystem>

namespace antidrome::cli {

/// Draws what the run folder has data for into RUNDIR/plots. Returns false when no plot library was built in.
bool plot_run(const std::filesystem::path& folder, bool quiet);

}  // namespace antidrome::cli
