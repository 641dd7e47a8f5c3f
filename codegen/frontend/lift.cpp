#include <antidrome/network.h>
#include <fmt/format.h>

#include <csetjmp>
#include <csignal>
#include <filesystem>

#include "codegen/frontend/session.hpp"

namespace antidrome::frontend {
namespace {

sigjmp_buf after_crash;
void on_crash(int signal) { siglongjmp(after_crash, signal); }

/// Runs the user's network(); what it throws or how it crashes comes back as text, empty when it went well.
std::string run_guarded(void (*function)(Network&), Network& network) {
  constexpr int crashes[] = {SIGSEGV, SIGFPE, SIGABRT, SIGILL, SIGBUS};
  struct sigaction before[std::size(crashes)], handler = {};
  handler.sa_handler = on_crash;
  sigemptyset(&handler.sa_mask);
  for (std::size_t k = 0; k < std::size(crashes); ++k) sigaction(crashes[k], &handler, &before[k]);
  std::string failure;
  if (const int signal = sigsetjmp(after_crash, 1)) {
    failure = fmt::format("crashed ({})", sigdescr_np(signal));
  } else {
    try {
      function(network);
    } catch (const std::exception& e) {
      failure = fmt::format("threw an exception: {}", e.what());
    } catch (...) {
      failure = "threw an exception";
    }
  }
  for (std::size_t k = 0; k < std::size(crashes); ++k) sigaction(crashes[k], &before[k], nullptr);
  return failure;
}

/// <antidrome/model.h> of an installed tree lies in ../include; in a build tree, in the sources.
std::string default_includes() {
  std::error_code failure;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", failure);
  const auto installed = executable.parent_path().parent_path() / "include";
  return !failure && std::filesystem::exists(installed / "antidrome/model.h", failure) ? installed.string() : ANTIDROME_MODELS_INCLUDE;
}

}  // namespace

ModelFile::ModelFile() : session_(std::make_unique<Session>()) {}
ModelFile::ModelFile(ModelFile&&) noexcept = default;
ModelFile::~ModelFile() = default;

ModelFile load(const LiftOptions& options, Diagnostics& diagnostics) {
  ModelFile model;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.file, ignored)) {
    diagnostics.error("AD129", {options.file, 0, 0}, "the model file cannot be read", "check the path");
    return model;
  }
  const std::string includes = options.include_folder.empty() ? default_includes() : options.include_folder;
  const std::string resources = options.resource_folder.empty() ? ANTIDROME_CLANG_RESOURCES : options.resource_folder;
  CompiledUnit unit = compile(options.file, includes, resources, diagnostics);
  ModelFile::Session& session = *model.session_;
  session.structs = std::move(unit.structs);
  model.files_ = std::move(unit.files);
  if (!unit.module) {
    ANTIDROME_ASSERT(diagnostics.has_errors(), "Clang gave no code and no error");
    return model;
  }
  std::vector<std::string> keys;
  for (const LiftedStruct& s : session.structs) keys.push_back(s.key);
  session.jit.emplace(unit, keys);
  for (const LiftedStruct& s : session.structs)
    if (void* address = session.jit->address(s.key)) session.by_key[reinterpret_cast<void (*)()>(address)] = &s;
  if (unit.network_at.line == 0) return model;   // reported
  auto* network = reinterpret_cast<void (*)(Network&)>(session.jit->address("_Z7networkRN9antidrome7NetworkE"));
  if (!network) {
    if (!diagnostics.has_errors())
      diagnostics.error("AD121", unit.network_at, "network() cannot be linked: " + session.jit->complaint(), "define what it calls in the model file, or in a header that it includes");
    return model;
  }

  session.recording.emplace(options.set, diagnostics);
  Network recorded(*session.recording);
  if (const std::string failure = run_guarded(network, recorded); !failure.empty())
    diagnostics.error("AD121", unit.network_at, "network() " + failure, "network() is ordinary C++ that runs once: debug it as such");
  else
    session.recording->check_settings(options.file);
  model.words_ = session.recording->words;
  model.network_ = assemble(*session.recording, session.by_key, options.file, diagnostics);
  return model;
}

ir::Network lift(const LiftOptions& options, Diagnostics& diagnostics) { return load(options, diagnostics).network(); }

}  // namespace antidrome::frontend
