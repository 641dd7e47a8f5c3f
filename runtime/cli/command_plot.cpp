#include "runtime/cli/cli.hpp"
#include "runtime/cli/plots.hpp"
#include "runtime/train/run_folder.hpp"

namespace antidrome::cli {

void add_plot(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("plot", "draw a run: learning curves, confusion matrix, spikes, weights (SVG and PNG, their numbers as CSV)");
  auto folder = std::make_shared<std::string>();
  command->add_option("RUNDIR", *folder, "run folder")->required();
  command->callback([folder] {
    plot_run(RunFolder::open(*folder).path(), false);
  });
}

}  // namespace antidrome::cli
