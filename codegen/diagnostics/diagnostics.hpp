// Diagnostics: a stable code, a place, one sentence, notes, and the remedy. Collected, never thrown one by one.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace antidrome {

/// A place in the user's text; line 0 means "no place" (an option, a file as a whole).
struct Location {
  std::string file;
  int line = 0, column = 0;
  std::string str() const;                    ///< "model.cc:12:7"
};

enum class Severity { note, warning, error };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;                           ///< "AD014"; the page is docs/errors/AD014.md
  Location at;
  std::string message;                        ///< lower-case start, no full stop, names quoted
  std::string remedy;                         ///< what to write instead; may be empty
  std::vector<std::pair<Location, std::string>> notes;
};

class Diagnostics {
 public:
  Diagnostic& error(std::string code, Location at, std::string message, std::string remedy = {});
  Diagnostic& warning(std::string code, Location at, std::string message, std::string remedy = {});
  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }
  /// "model.cc:12:7: error: … [AD014]", the source line with a caret where the file can be read, "  remedy: …", notes.
  std::string render(bool colour = false) const;

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
};

/// Our own bug: carries a message that asks for a report. Exit code 70.
struct InternalError : std::logic_error { using std::logic_error::logic_error; };

/// Exit codes of every command (fixed).
enum ExitCode { exit_ok = 0, exit_user = 2, exit_check_failed = 3, exit_internal = 70, exit_io = 74, exit_interrupted = 130 };

}  // namespace antidrome

#define ANTIDROME_ASSERT(condition, message) \
  do { if (!(condition)) throw ::antidrome::InternalError(std::string("internal error: ") + (message) + " (" #condition "), please report it"); } while (false)
