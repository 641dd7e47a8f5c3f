#include "runtime/cli/cli.hpp"
#include "runtime/cli/plots.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/run_folder.hpp"

namespace antidrome::cli {

void add_plot(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("plot", "draw a run: learning curves, confusion matrix, spikes, weights (SVG and PNG, their numbers as CSV)");
  auto folder = std::make_shared<std::string>();
  command->add_option("RUNDIR", *folder, "run folder")->required();
  command->callback([folder] {
    const RunFolder run = RunFolder::open(*folder);
    if (!plot_run(run.path(), false))
      fail(exit_user, "AD415", {run.path().string()}, "this antidrome was built without plots", "build it with cairo (apt-get install libcairo2-dev); metrics.csv has the numbers");
  });
}

}  // namespace antidrome::cli
