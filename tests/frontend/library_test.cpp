// Every struct that ships, by name, out of the headers themselves: a new one that nobody tests makes this fail.
#include <fstream>
#include <regex>
#include <set>

#include "tests/frontend/lifting.hpp"

namespace antidrome::frontend {
namespace {

std::set<std::string> shipped_structs() {
  std::set<std::string> names;
  for (const char* room : {"neurons", "synapses", "readouts", "losses"}) {
    std::ifstream in(source_path(std::string("models/include/antidrome/") + room + ".h"));
    const std::regex declaration("^struct (\\w+) \\{");
    for (std::string line; std::getline(in, line);)
      if (std::smatch found; std::regex_search(line, found, declaration)) names.insert(found[1]);
  }
  return names;
}

TEST(Library, every_shipped_struct_lifts_and_agrees_with_its_compiled_self) {
  const ModelFile model = load_valid(source_path("tests/models/library.cc"));
  std::set<std::string> checked;
  for (const HookCheck& c : model.lift_check(200, 1e-12)) {
    EXPECT_TRUE(c.ok) << c.name << ": relative difference " << c.worst << " in " << c.variable << ", " << c.states << " states";
    EXPECT_GE(c.states, 100) << c.name;
    checked.insert(c.name.substr(0, c.name.find(':')));
  }
  EXPECT_EQ(checked, shipped_structs());
}

TEST(Library, the_shipped_headers_include_nothing_but_each_other) {
  const std::regex include("^#include <(.*)>");
  for (const auto& entry : std::filesystem::directory_iterator(source_path("models/include/antidrome"))) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::smatch found;
      const bool foreign = std::regex_search(line, found, include) && !found[1].str().starts_with("antidrome/");
      EXPECT_FALSE(foreign) << entry.path() << ": " << line;
    }
  }
}

}  // namespace
}  // namespace antidrome::frontend
