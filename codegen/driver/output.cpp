#include "codegen/driver/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "codegen/driver/request.hpp"

namespace antidrome::driver {

bool write_if_changed(const std::filesystem::path& file, std::string_view content) {
  if (std::ifstream in(file, std::ios::binary); in) {
    const std::string before{std::istreambuf_iterator<char>(in), {}};
    if (before == content) return true;
  }
  const std::filesystem::path temporary = file.string() + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!out.flush()) return false;
  }
  std::error_code failure;
  std::filesystem::rename(temporary, file, failure);
  return !failure;
}

std::map<std::string, std::string> Request::settings(Diagnostics& diagnostics) const {
  std::map<std::string, std::string> out;
  for (const std::string& text : set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) diagnostics.error("AD126", {}, fmt::format("--set '{}' has no name or no '='", text), "--set name=value");
    else out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

int show(const Diagnostics& diagnostics) {
  if (!diagnostics.all().empty()) fmt::print(stderr, "{}", diagnostics.render(isatty(2) != 0));
  return diagnostics.has_errors() ? exit_user : exit_ok;
}

}  // namespace antidrome::driver
