// Shared by the front end's tests: model text to Network.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "codegen/frontend/frontend.hpp"

namespace antidrome::frontend {

inline std::string source_path(const std::string& relative) { return std::string(ANTIDROME_SOURCE_DIR) + "/" + relative; }

/// A model file that lives as long as the object.
class ModelText {
 public:
  explicit ModelText(const std::string& text) : path_(std::filesystem::temp_directory_path() / ("antidrome_" + std::to_string(getpid()) + ".cc")) {
    std::ofstream(path_) << "#include <antidrome/library.h>\nusing namespace antidrome;\n" << text;
  }
  ~ModelText() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Lifts a file that must be right.
inline ModelFile load_valid(const std::string& path, std::map<std::string, std::string> set = {}) {
  Diagnostics diagnostics;
  ModelFile model = load({path, std::move(set), {}, {}}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return model;
}

}  // namespace antidrome::frontend
