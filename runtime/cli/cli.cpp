#include "runtime/cli/cli.hpp"

#include "runtime/cli/same_job.hpp"
#include "runtime/data/error.hpp"
#include "runtime/ranks/job.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/suggest.hpp"
#include "runtime/train/trainer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <new>
#include <unistd.h>

namespace antidrome::cli {
namespace {

constexpr const char* footer =
    "A first run:\n"
    "  antidrome train userprojects/yinyang/yinyang.cc --config userprojects/yinyang/run.toml\n"
    "Exit codes: 0 ok, 2 your mistake, 3 a check failed, 70 our bug, 74 data or I/O, 130 interrupted (a checkpoint was saved)\n"
    "Every error code has a page in docs/errors.";

bool colour() { return isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

/// How a command ended.
struct End {
  int exit_code = exit_ok;
  std::string complaint;
};

std::string complaint_of(const std::string& code, const std::string& message, const std::string& remedy) {
  Diagnostics diagnostics;
  diagnostics.error(code, {}, message, remedy);
  return diagnostics.render(colour());
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(fmt::format("--{}", name));
  return names;
}

// The innermost command that the words name, and how many words that took.
std::pair<const CLI::App*, std::size_t> named_command(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::size_t used = 1;
  for (; used < words.size(); ++used) {
    const CLI::App* next = nullptr;
    for (const CLI::App* inner : command->get_subcommands([](const CLI::App*) { return true; }))
      if (inner->get_name() == words[used]) next = inner;
    if (next == nullptr) break;
    command = next;
  }
  return {command, used};
}

// CLI11 says what failed; what was probably meant is found here.
[[noreturn]] void misused(const CLI::App& app, const std::vector<std::string>& words, const CLI::ParseError& error) {
  const auto [command, used] = named_command(app, words);
  const std::vector<std::string> inner = command_names(*command);
  const std::string name = command == &app ? "antidrome" : "antidrome " + command->get_name();
  if (!inner.empty()) {
    if (used >= words.size()) fail(exit_user, "AD406", {}, fmt::format("'{}' needs a command", name), did_you_mean("", inner));
    if (words[used][0] != '-') fail(exit_user, "AD406", {}, fmt::format("unknown command '{}'", words[used]), did_you_mean(words[used], inner));
  }
  const std::vector<std::string> known = option_names(*command);
  for (std::size_t k = used; k < words.size(); ++k) {
    const std::string word = words[k].substr(0, words[k].find('='));
    if (word.starts_with("--") && word.size() > 2 && std::find(known.begin(), known.end(), word) == known.end())
      fail(exit_user, "AD406", {}, fmt::format("'{}' has no option '{}'", name, word), did_you_mean(word, known));
  }
  std::string message = error.what();
  if (!message.empty()) message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  fail(exit_user, "AD406", {}, fmt::format("{}: {}", name, message), fmt::format("{} --help lists what it takes", name));
}

int parse_and_run(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto [command, used] = named_command(app, context.words);
    fmt::print("{}", command->help(command == &app ? "" : "antidrome"));
    return exit_ok;
  } catch (const CLI::CallForVersion&) {
    fmt::print("antidrome {}\n", ANTIDROME_VERSION);
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    misused(app, context.words, error);
  }
  return context.exit_code;
}

// The word after --ranks: it has to be known before the command line is read.
RanksBy ranks_wanted(const std::vector<std::string>& words) {
  for (std::size_t k = 1; k < words.size(); ++k) {
    const std::string value = words[k] == "--ranks" && k + 1 < words.size() ? words[k + 1] : words[k].starts_with("--ranks=") ? words[k].substr(8) : "";
    if (value == "one") return RanksBy::one;
    if (value == "mpi") return RanksBy::mpi;
    if (value == "nccl") return RanksBy::nccl;
  }
  return RanksBy::automatic;
}

RankHooks hooks_of(const Context& context) {
  return {[] { return interrupted != 0; }, [&context] { return complaint_of("AD462", "the job was told to end, and not every process answers: one of them has died, or works on a long batch", context.go_on); }};
}

int run_command(Context& context, int argc, char** argv) {
  CLI::App app("Antidrome: train spiking neural networks with exact gradients", "antidrome");
  app.footer(footer);
  app.set_version_flag("--version", ANTIDROME_VERSION);
  app.require_subcommand(1);
  for (const auto add : {add_build, add_train, add_cross_validate, add_eval, add_run, add_check, add_plan, add_plot, add_data, add_bench, add_doctor}) add(app, context);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) command->footer("");
  if (context.ranks->size() == 1) return parse_and_run(app, context, argc, argv);
  const std::string command = named_command(app, context.words).first->get_name();
  check_same_program(*context.ranks, command);
  const bool together = command == "train" || command == "cross-validate" || command == "eval";
  if (context.first()) return parse_and_run(app, context, argc, argv);
  if (!together) return exit_ok;                                   // what is not shared the first one does alone
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::fclose(stdout);
  return parse_and_run(app, context, argc, argv);
}

/// Runs f, and makes words of what it throws.
template <class F> End end_of(F f) {
  try {
    return {f(), ""};
  } catch (const Failure& failure) {
    return {failure.exit(), failure.diagnostics().render(colour())};
  } catch (const data::DataError& error) {
    return {error.exit_code(), fmt::format("{}\n", error.what())};
  } catch (const InternalError& error) {
    return {exit_internal, fmt::format("{}\n", error.what())};
  } catch (const std::bad_alloc&) {
    return {exit_io, complaint_of("AD453", "out of memory", "lower [train] batch; antidrome plan shows what a run will need")};
  } catch (const std::filesystem::filesystem_error& error) {
    return {exit_io, complaint_of("AD606", error.what(), "")};
  } catch (const std::exception& error) {
    return {exit_internal, fmt::format("internal error: {}, please report it\n", error.what())};
  }
}

}  // namespace

void add_ranks_option(CLI::App& command) {
  command.add_option("--ranks", "who shares the batches: mpi (the processes that mpirun started), nccl (also their GPUs directly), one (each process is on its own); default: mpi under mpirun")
      ->check(CLI::IsMember({"one", "mpi", "nccl"}));
}

int run(int argc, char** argv) {
  Context context;
  context.words.assign(argv, argv + argc);
  OneRank alone;
  std::unique_ptr<Ranks> job;
  context.ranks = &alone;
  const End end = end_of([&] {
    job = join_job(ranks_wanted(context.words), hooks_of(context));
    context.ranks = job.get();
    return run_command(context, argc, argv);
  });
  return context.ranks->finish(end.exit_code, end.complaint);
}

}  // namespace antidrome::cli
