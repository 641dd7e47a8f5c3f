#include "runtime/data/store/guarded.hpp"

#include "runtime/data/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace antidrome::data {
namespace {

constexpr int has_message = 1;  // exit status of a child that wrote one

std::string encode(const DataError& e) {
  nlohmann::json out{{"code", e.code}, {"file", e.at.file}, {"message", e.message}, {"remedy", e.remedy}};
  if (e.at.record) out["record"] = *e.at.record;
  if (e.at.offset) out["offset"] = *e.at.offset;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

DataError decode(const std::string& text) {
  const nlohmann::json in = nlohmann::json::parse(text);
  DataError::Place at{in.at("file"), {}, {}};
  if (in.contains("record")) at.record = in["record"].get<std::uint64_t>();
  if (in.contains("offset")) at.offset = in["offset"].get<std::uint64_t>();
  return {in.at("code"), at, in.at("message"), in.at("remedy")};
}

std::string message_of(const std::string& place, const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const DataError& error) {
    return encode(error);
  } catch (const std::bad_alloc&) {
    return encode({"AD526", {place, {}, {}}, "the file asks for more memory than there is", "it may be damaged: copy or download it again"});
  } catch (const std::exception& error) {
    return encode({"AD526", {place, {}, {}}, fmt::format("the file cannot be read: {}", error.what()), "it may be damaged: copy or download it again"});
  }
}

[[noreturn]] void run_child(int out, const std::string& place, const std::function<void()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);                                            // it must not outlive an interrupted run
  for (const int signal : {SIGINT, SIGTERM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGXCPU}) std::signal(signal, SIG_DFL);
  const std::string message = message_of(place, work);
  for (std::size_t done = 0; done < message.size();) {
    const ssize_t got = ::write(out, message.data() + done, message.size() - done);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::_exit(message.empty() ? 0 : has_message);
}

std::string read_all(int in) {
  std::string out;
  char part[4096];
  for (;;) {
    const ssize_t got = ::read(in, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return out;
    out.append(part, static_cast<std::size_t>(got));
  }
}

}  // namespace

void guarded(const std::string& place, std::uint64_t limit_s, const std::function<void()>& work) {
  if (std::getenv("ANTIDROME_ONE_PROCESS") != nullptr) return work();
  int ends[2];
  const pid_t child = ::pipe(ends) == 0 ? ::fork() : -1;
  if (child < 0) throw DataError("AD526", {place, {}, {}}, fmt::format("no process to read the file in: {}", std::strerror(errno)));
  if (child == 0) {
    ::close(ends[0]);
    const rlimit limit{limit_s, limit_s + 5};
    ::setrlimit(RLIMIT_CPU, &limit);
    run_child(ends[1], place, work);
  }
  ::close(ends[1]);
  const std::string message = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == has_message && !message.empty()) throw decode(message);
  throw DataError("AD526", {place, {}, {}},
                  WIFSIGNALED(status) ? fmt::format("reading the file ended with signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status))) : "reading the file ended too early",
                  "it may be damaged: copy or download it again");
}

}  // namespace antidrome::data
