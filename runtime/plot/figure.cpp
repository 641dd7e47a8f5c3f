// Figures as files.
#include "runtime/plot/plots.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace antidrome::plot {
namespace {

// RFC 4180: cells with a comma, a quote or a line break are quoted.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) throw std::runtime_error(fmt::format("cannot write '{}': {}", file.string(), std::strerror(errno)));
}

}  // namespace

std::string to_csv(const Table& table) {
  std::string out;
  const auto line = [&out](const std::vector<std::string>& cells) {
    for (std::size_t k = 0; k < cells.size(); ++k) out += fmt::format("{}{}", k == 0 ? "" : ",", cell(cells[k]));
    out += '\n';
  };
  line(table.columns);
  for (const std::vector<std::string>& row : table.rows) line(row);
  return out;
}

std::vector<std::filesystem::path> save(const Figure& figure, const std::filesystem::path& stem, bool svg, bool png) {
  std::vector<std::filesystem::path> written;
  const auto add = [&](const char* extension, const std::string& content) {
    written.push_back(std::filesystem::path(stem.string() + extension));
    write(written.back(), content);
  };
  if (svg) add(".svg", to_svg(figure.scene));
  if (png) add(".png", to_png(figure.scene));
  add(".csv", to_csv(figure.table));
  return written;
}

}  // namespace antidrome::plot
