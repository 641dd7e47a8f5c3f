#include "runtime/cli/process.hpp"

#include "runtime/session/failure.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace antidrome {
namespace {

std::string read_all(int from) {
  std::string out;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t n = read(from, chunk.data(), chunk.size());
    if (n > 0) out.append(chunk.data(), static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR) return out;
  }
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, bool capture) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  int ends[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (capture && pipe(ends) == 0) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
  }
  pid_t child = -1;
  const int started = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (ends[1] >= 0) close(ends[1]);
  if (started != 0) {
    if (ends[0] >= 0) close(ends[0]);
    fail(exit_io, "AD443", {arguments[0]}, fmt::format("the program cannot be started: {}", std::strerror(started)));
  }
  ProcessResult result;
  if (ends[0] >= 0) {
    result.output = read_all(ends[0]);
    close(ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + result.signal;
  return result;
}

std::filesystem::path find_program(const std::string& name) {
  namespace fs = std::filesystem;
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? fs::path(name) : fs::path();
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "/usr/bin:/bin" : path;
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const fs::path candidate = fs::path(folders.substr(begin, end - begin)) / name;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return {};
}

std::string command_line(const std::vector<std::string>& arguments) {
  std::string out;
  for (const std::string& a : arguments) {
    const bool plain = !a.empty() && a.find_first_of(" \t\n\"'\\$`&|;<>(){}*?#~") == std::string::npos;
    std::string quoted = "'";
    for (const char c : a) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += (out.empty() ? "" : " ") + (plain ? a : quoted + "'");
  }
  return out;
}

}  // namespace antidrome
