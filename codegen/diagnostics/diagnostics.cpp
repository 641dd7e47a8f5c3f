#include "codegen/diagnostics/diagnostics.hpp"

#include <fmt/format.h>
#include <fstream>

namespace antidrome {
namespace {

std::string source_line(const Location& at) {
  std::ifstream in(at.file);
  std::string line;
  for (int k = 0; k < at.line; ++k)
    if (!std::getline(in, line)) return {};
  return line;
}

const char* word(Severity s) {
  switch (s) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

void append_place(std::string& out, const Location& at) {
  const std::string line = at.line > 0 ? source_line(at) : std::string();
  if (line.empty()) return;
  std::string caret;
  for (int k = 1; k < at.column && k <= static_cast<int>(line.size()); ++k) caret += line[static_cast<std::size_t>(k - 1)] == '\t' ? '\t' : ' ';
  out += fmt::format("  {}\n  {}^\n", line, caret);
}

}  // namespace

std::string Location::str() const {
  if (line == 0) return file;
  return column == 0 ? fmt::format("{}:{}", file, line) : fmt::format("{}:{}:{}", file, line, column);
}

Diagnostic& Diagnostics::error(std::string code, Location at, std::string message, std::string remedy) {
  ++errors_;
  return all_.emplace_back(Diagnostic{Severity::error, std::move(code), std::move(at), std::move(message), std::move(remedy), {}});
}

Diagnostic& Diagnostics::warning(std::string code, Location at, std::string message, std::string remedy) {
  return all_.emplace_back(Diagnostic{Severity::warning, std::move(code), std::move(at), std::move(message), std::move(remedy), {}});
}

std::string Diagnostics::render(bool colour) const {
  std::string out;
  for (const Diagnostic& d : all_) {
    const char* paint = !colour ? "" : d.severity == Severity::error ? "\033[1;31m" : "\033[1;35m";
    const char* plain = colour ? "\033[0m" : "";
    const std::string place = d.at.file.empty() ? std::string() : d.at.str() + ": ";
    out += fmt::format("{}{}{}{}: {} [{}]\n", place, paint, word(d.severity), plain, d.message, d.code);
    append_place(out, d.at);
    if (!d.remedy.empty()) out += fmt::format("  remedy: {}\n", d.remedy);
    for (const auto& [at, text] : d.notes) {
      out += fmt::format("{}note: {}\n", at.file.empty() ? std::string() : at.str() + ": ", text);
      append_place(out, at);
    }
  }
  return out;
}

}  // namespace antidrome
