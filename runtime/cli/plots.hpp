// Plots of a run folder.
#pragma once
#include <filesystem>

namespace antidrome::cli {

/// Draws what the run folder has data for into RUNDIR/plots.
void plot_run(const std::filesystem::path& folder, bool quiet);

}  // namespace antidrome::cli
