#include "runtime/data/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace antidrome::data {

std::string DataError::Place::str() const {
  std::string out = file;
  if (record) out += fmt::format("{}record {}", out.empty() ? "" : ": ", *record);
  if (offset) out += fmt::format("{}byte {}", out.empty() ? "" : record ? ", " : ": ", *offset);
  return out;
}

namespace {
std::string one_line(const std::string& code, const DataError::Place& at, const std::string& message, const std::string& remedy) {
  const std::string place = at.str();
  return fmt::format("{}{}error: {} [{}]{}{}", place, place.empty() ? "" : ": ", message, code, remedy.empty() ? "" : "\n  remedy: ", remedy);
}
}  // namespace

DataError::DataError(std::string code_, Place at_, std::string message_, std::string remedy_)
    : std::runtime_error(one_line(code_, at_, message_, remedy_)),
      code(std::move(code_)), at(std::move(at_)), message(std::move(message_)), remedy(std::move(remedy_)) {}

int DataError::exit_code() const { return code.starts_with("AD50") ? 2 : 74; }

}  // namespace antidrome::data
