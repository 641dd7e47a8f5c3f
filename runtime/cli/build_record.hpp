// build.json: what a build was made from, so that an unchanged model costs a few stat calls.
#pragma once
#include "runtime/cli/build.hpp"

#include <nlohmann/json.hpp>

namespace antidrome {

/// Hash of some text (FNV-1a, 64 bits, as hex).
std::string hash_text(std::string_view text);

/// Identity of a file: {"path", "size", "modified", "hash"}. `hash` is left out for programs, whose size and time are enough.
nlohmann::json file_identity(const std::filesystem::path& file, bool with_hash);

/// The file is what it was: same size and time, or else the same content.
bool same_file(const nlohmann::json& identity);

/// The files that the generator read (DIR/inputs.json: a list of paths, or {"inputs": [...]}), the model first.
std::vector<std::filesystem::path> generator_inputs(const std::filesystem::path& directory, const std::filesystem::path& model);

/// Everything that decides what the generator writes, but the inputs' content.
nlohmann::json generator_key(const BuildRequest& request);

/// Everything that decides what the compiler makes of simulator.cc, and its content.
nlohmann::json compiler_key(const std::filesystem::path& directory);

/// The same of the kernels of the backend cuda, for the device that is asked for.
nlohmann::json kernels_key(const std::filesystem::path& directory, const BuildRequest& request);

/// DIR/build.json, or an empty object.
nlohmann::json read_record(const std::filesystem::path& directory);
void write_record(const std::filesystem::path& directory, const nlohmann::json& record);

}  // namespace antidrome
