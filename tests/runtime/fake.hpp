// Folders for tests of the runtime: simulators by hand (fake_simulator.cc), run configurations, and the antidrome command itself.
#pragma once
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/wait.h>

namespace antidrome::test {

namespace fs = std::filesystem;

/// An empty folder that is gone with its owner.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "antidrome-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch folder");
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

inline std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {(std::istreambuf_iterator<char>(in)), {}};
}

/// The manifest of fake_simulator.cc.
inline nlohmann::json fake_manifest() {
  return nlohmann::json::parse(R"({
    "version": 1, "model": "fake.cc", "fingerprint": "fake-1", "backend": "openmp", "mode": "grid", "precision": "float", "library": "simulator.so",
    "options": {}, "sources": [{"name": "input", "size": 5}],
    "populations": [{"name": "output", "size": 3, "model": "Fake", "states": ["v"], "fires": true}],
    "parameters": [
      {"name": "scale", "rows": 1, "cols": 1, "axes": "shared", "trainable": false, "init": {"kind": "number", "a": 1.0, "b": 0.0}, "low": null, "high": null, "origin": "fake.cc:1:1"},
      {"name": "input_output.w", "rows": 5, "cols": 3, "axes": "source target", "trainable": true, "init": {"kind": "normal", "a": 0.0, "b": 0.1}, "low": null, "high": null, "origin": "fake.cc:2:1", "weight_into": "output"},
      {"name": "output.bias", "rows": 1, "cols": 3, "axes": "neuron", "trainable": true, "init": {"kind": "uniform", "a": -0.1, "b": 0.1}, "low": -5.0, "high": 5.0, "origin": "fake.cc:3:1"}],
    "readouts": [{"name": "output_V", "population": "output", "size": 3}],
    "losses": [{"name": "CrossEntropy", "readout": "output_V", "when": "end", "labelled": true}],
    "learn": {"rule": "EventProp", "clamp": 1000.0}})");
}

/// The folder of a build: a manifest and one of the fake simulators ("float", "double", "old_abi", "other", "empty").
inline fs::path make_build(const fs::path& folder, const std::string& kind = "float", nlohmann::json manifest = fake_manifest()) {
  fs::create_directories(folder);
  if (kind == "double") manifest["precision"] = "double";
  write(folder / "manifest.json", manifest.dump(1));
  fs::copy_file(fs::path(ANTIDROME_BINARY_DIR) / "lib" / ("libfake_" + kind + ".so"), folder / "simulator.so", fs::copy_options::overwrite_existing);
  return folder;
}

/// A configuration that trains the fake on Yin-Yang.
inline std::string fake_config(const std::string& more = "") {
  return "[model]\nfile = \"build\"\n[data]\nkind = \"yinyang\"\ntrain_size = 640\nvalidation_size = 100\ntest_size = 100\n[trial]\ndt = 0.5\nlength = 30\n"
         "[train]\nepochs = 4\nbatch = 32\nlearning_rate = 0.02\nthreads = 2\n" + more;
}

struct Outcome {
  int exit_code = -1;
  std::string output;   ///< of both streams
};

/// Runs a shell command.
inline Outcome shell(const std::string& command) {
  Outcome out;
  FILE* pipe = popen(("( " + command + " ) 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> chunk{};
  for (std::size_t n = 0; (n = fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) out.output.append(chunk.data(), n);
  const int status = pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

inline std::string command_path() { return std::string(ANTIDROME_BINARY_DIR) + "/bin/antidrome"; }

/// Runs antidrome in a folder, with a build cache of its own.
inline Outcome antidrome(const fs::path& folder, const std::string& arguments, const std::string& environment = "") {
  return shell("cd '" + folder.string() + "' && ANTIDROME_CACHE='" + folder.string() + "/cache' " + environment + " '" + command_path() + "' " + arguments);
}

}  // namespace antidrome::test
