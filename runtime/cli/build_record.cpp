#include "runtime/cli/build_record.hpp"

#include "runtime/session/failure.hpp"

#include <algorithm>
#include <antidrome/abi.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>

namespace antidrome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {(std::istreambuf_iterator<char>(in)), {}};
}

struct Stamp { std::int64_t size = -1, modified_ns = 0; };

Stamp stamp_of(const fs::path& file) {
  struct stat s{};
  if (stat(file.c_str(), &s) != 0) return {};
  return {static_cast<std::int64_t>(s.st_size), static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec};
}

/// What generated code includes.
json header_identities() {
  json headers = json::array();
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(include_folder() / "antidrome")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) headers.push_back(file_identity(file, false));
  return headers;
}

}  // namespace

std::string hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return fmt::format("{:016x}", hash);
}

json file_identity(const fs::path& file, bool with_hash) {
  const Stamp stamp = stamp_of(file);
  json out = {{"path", file.string()}, {"size", stamp.size}, {"modified", stamp.modified_ns}};
  if (with_hash) out["hash"] = hash_text(read_text(file));
  return out;
}

bool same_file(const json& identity) {
  if (!identity.is_object() || !identity.contains("path")) return false;
  const fs::path file = identity.value("path", std::string());
  const Stamp stamp = stamp_of(file);
  if (stamp.size < 0 || stamp.size != identity.value("size", std::int64_t{-2})) return false;
  if (stamp.modified_ns == identity.value("modified", std::int64_t{-1})) return true;
  return identity.contains("hash") && hash_text(read_text(file)) == identity.value("hash", std::string());
}

std::vector<fs::path> generator_inputs(const fs::path& directory, const fs::path& model) {
  std::vector<fs::path> out = {fs::absolute(model)};
  const json document = json::parse(read_text(directory / "inputs.json"), nullptr, false);
  const json& list = document.is_object() && document.contains("inputs") ? document.at("inputs") : document;
  if (!list.is_array()) return out;
  for (const json& entry : list) {
    const fs::path path = entry.is_string() ? fs::path(entry.get<std::string>()) : entry.is_object() ? fs::path(entry.value("path", std::string())) : fs::path();
    if (!path.empty() && fs::absolute(path) != out.front()) out.push_back(fs::absolute(path));
  }
  return out;
}

json generator_key(const BuildRequest& request) {
  return {{"model", fs::absolute(request.model).string()}, {"backend", request.backend}, {"mode", request.mode}, {"precision", request.precision},
          {"set", request.set}, {"generator", file_identity(generator(), false)}, {"abi", ANTIDROME_ABI_VERSION}};
}

json compiler_key(const fs::path& directory) {
  const fs::path compiler = simulator_compiler();
  if (compiler.empty())
    fail(exit_user, "AD440", {}, "no C++ compiler is installed, and a simulator needs one", "apt-get install g++, or set CXX; --backend reference needs none");
  return {{"compiler", file_identity(fs::weakly_canonical(compiler), false)}, {"flags", simulator_flags()}, {"headers", header_identities()},
          {"source", file_identity(directory / "simulator.cc", true).at("hash")}};
}

json kernels_key(const fs::path& directory, const BuildRequest& request) {
  json key = {{"compiler", file_identity(fs::weakly_canonical(kernel_compiler()), false)}, {"headers", header_identities()}, {"source", file_identity(directory / "kernels.cu", true).at("hash")}};
  if (request.device == "gpu") key["architectures"] = request.architectures, key["by"] = request.kernel_compiler;
  else key["c++"] = file_identity(fs::weakly_canonical(simulator_compiler()), false);
  return key;
}

json read_record(const fs::path& directory) {
  json out = json::parse(read_text(directory / "build.json"), nullptr, false);
  return out.is_object() ? out : json::object();
}

void write_record(const fs::path& directory, const json& record) {
  const fs::path file = directory / "build.json", temporary = directory / "build.json.tmp";
  std::ofstream out(temporary);
  out << record.dump(2) << '\n';
  out.close();
  std::error_code failed;
  if (out) fs::rename(temporary, file, failed);
  if (!out || failed) fail(exit_io, "AD444", {file.string()}, "cannot write the record of the build", "is the disk full, or the folder not writable");
}

}  // namespace antidrome
