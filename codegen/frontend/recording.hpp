// What network() said, as plain records: names, sizes, the bytes of the model objects.
#pragma once
#include <antidrome/recorder.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "codegen/diagnostics/diagnostics.hpp"

namespace antidrome::frontend {

struct RecordedStruct {
  void (*key)() = nullptr;
  std::vector<detail::Hook> hooks;
  std::vector<std::max_align_t> bytes;        ///< a copy of the object

  const void* object() const { return bytes.data(); }
};

struct RecordedPopulation { std::string name; int size; bool source; int solver; RecordedStruct model; Location at; };
struct RecordedProjection { int pre, post; detail::Connection connection; detail::DelayRecord delay; RecordedStruct model; Location at; };
struct RecordedReadout { int population; RecordedStruct model; Location at; };
struct RecordedLoss { int readout; bool each_step, labelled; double scale; RecordedStruct model; Location at; };

class Recording final : public detail::Recorder {
 public:
  Recording(const std::map<std::string, std::string>& set, Diagnostics& diagnostics) : set_(set), diagnostics_(diagnostics) {}

  /// Reports the settings that network() never asked for.
  void check_settings(const std::string& file);

  std::vector<RecordedPopulation> populations;
  std::vector<RecordedProjection> projections;
  std::vector<RecordedReadout> readouts;
  std::vector<RecordedLoss> losses;
  std::string rule;                           ///< empty: the network does not learn
  double clamp = 1e3;
  Location rule_at;
  std::map<std::string, double> options;      ///< as resolved; a choice by its position
  std::map<std::string, std::string> words;   ///< choices, as words

  double number_option(const char* name, double fallback, bool integer, detail::Site) override;
  bool flag_option(const char* name, bool fallback, detail::Site) override;
  const char* choice_option(const char* name, const char* const* choices, int n, detail::Site) override;
  int source(const char* name, int size, const detail::Struct&, detail::Site) override;
  int population(const char* name, int size, const detail::Struct&, int solver, detail::Site) override;
  int projection(int pre, int post, const detail::Connection&, const detail::Struct&, const detail::DelayRecord&, detail::Site) override;
  int readout(int population, const detail::Struct&, detail::Site) override;
  void loss(int readout, const detail::Struct&, bool each_step, double scale, bool labelled, detail::Site) override;
  void learn(const char* rule, double clamp, detail::Site) override;
  void unsupported(const char* what, detail::Site) override;

 private:
  const std::string* setting(const std::string& name);
  const std::map<std::string, std::string>& set_;
  Diagnostics& diagnostics_;
};

}  // namespace antidrome::frontend
