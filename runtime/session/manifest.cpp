#include "runtime/session/manifest.hpp"

#include "runtime/session/failure.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

namespace antidrome {
namespace {

using nlohmann::json;

constexpr const char* rebuild = "build the model again: antidrome build MODEL.cc -o DIR";

// Typed access to the members of one JSON object; a complaint names the path to the member ("parameters[3].rows").
class Reader {
 public:
  Reader(const json& object, std::string file, std::string path) : object_(object), file_(std::move(file)), path_(std::move(path)) {
    if (!object_.is_object()) complain(path_, "is not an object");
  }

  std::string text(const char* key) const { return member(key, json::value_t::string, "a string").get<std::string>(); }
  std::string text_or(const char* key, const char* otherwise) const { return object_.contains(key) ? text(key) : otherwise; }
  bool boolean(const char* key) const { return member(key, json::value_t::boolean, "true or false").get<bool>(); }
  double number(const char* key) const {
    const json& value = find(key);
    if (!value.is_number()) complain(at(key), "is not a number");
    return value.get<double>();
  }
  std::optional<double> optional_number(const char* key) const {
    if (!object_.contains(key) || object_.at(key).is_null()) return {};
    return number(key);
  }
  std::uint32_t count(const char* key) const {
    const json& value = find(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0 || value.get<std::uint64_t>() > 0x7fffffff) complain(at(key), "is not a positive integer");
    return value.get<std::uint32_t>();
  }
  std::vector<Reader> list(const char* key) const {
    std::vector<Reader> out;
    const json& value = array(key);
    for (std::size_t k = 0; k < value.size(); ++k) out.emplace_back(value[k], file_, fmt::format("{}[{}]", at(key), k));
    return out;
  }
  std::vector<double> numbers(const char* key) const {
    std::vector<double> out;
    for (const json& value : array(key)) {
      if (!value.is_number()) complain(at(key), "holds something that is not a number");
      out.push_back(value.get<double>());
    }
    return out;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    for (const json& value : array(key)) {
      if (!value.is_string()) complain(at(key), "holds something that is not a string");
      out.push_back(value.get<std::string>());
    }
    return out;
  }
  Reader object(const char* key) const { return {find(key), file_, at(key)}; }
  const json& raw() const { return object_; }
  [[noreturn]] void complain_about(const char* key, const std::string& what) const { complain(at(key), what); }

 private:
  std::string at(const char* key) const { return path_.empty() ? key : path_ + "." + key; }
  const json& find(const char* key) const {
    if (!object_.contains(key)) complain(at(key), "is missing");
    return object_.at(key);
  }
  const json& member(const char* key, json::value_t type, const char* expected) const {
    const json& value = find(key);
    if (value.type() != type) complain(at(key), fmt::format("is not {}", expected));
    return value;
  }
  const json& array(const char* key) const { return member(key, json::value_t::array, "a list"); }
  [[noreturn]] void complain(const std::string& path, const std::string& what) const {
    fail(exit_io, "AD420", {file_}, fmt::format("the manifest is not valid: '{}' {}", path.empty() ? "the document" : path, what), rebuild);
  }

  const json& object_;
  std::string file_, path_;
};

Init read_init(const Reader& from, const ParameterInfo& owner) {
  Init init;
  const std::string kind = from.text("kind");
  if (kind == "values") {
    init.kind = Init::Kind::values;
    init.values = from.numbers("values");
    if (init.values.size() != owner.elements())
      from.complain_about("values", fmt::format("has {} numbers, but '{}' has {} x {}", init.values.size(), owner.name, owner.rows, owner.cols));
    return init;
  }
  if (kind == "number") init.kind = Init::Kind::number;
  else if (kind == "uniform") init.kind = Init::Kind::uniform;
  else if (kind == "normal") init.kind = Init::Kind::normal;
  else if (kind == "gamma") init.kind = Init::Kind::gamma;
  else from.complain_about("kind", fmt::format("is '{}', expected number, uniform, normal, gamma or values", kind));
  init.a = from.number("a");
  if (kind != "number" || from.raw().contains("b")) init.b = from.number("b");
  return init;
}

ParameterInfo read_parameter(const Reader& from) {
  ParameterInfo p;
  p.name = from.text("name");
  p.rows = from.count("rows");
  p.cols = from.count("cols");
  p.axes = from.text("axes");
  static const std::vector<std::string> known = {"shared", "neuron", "source", "target", "source target"};
  if (std::find(known.begin(), known.end(), p.axes) == known.end()) from.complain_about("axes", fmt::format("is '{}'", p.axes));
  p.trainable = from.boolean("trainable");
  p.low = from.optional_number("low");
  p.high = from.optional_number("high");
  if (p.low && p.high && *p.low > *p.high) from.complain_about("low", fmt::format("is {}, above 'high' {}", *p.low, *p.high));
  p.origin = from.text_or("origin", "");
  p.weight_into = from.text_or("weight_into", "");
  p.init = read_init(from.object("init"), p);
  return p;
}

json parse_json(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(exit_user, "AD421", {file.string()}, "no manifest here: this is not the folder of a built simulator", "antidrome build MODEL.cc -o DIR writes one");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(error.byte, text.size()));
    const int line = 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
    fail(exit_io, "AD420", {file.string(), line, 0}, "the manifest is not valid JSON (damaged or cut off)", rebuild);
  }
}

void read_lists(const Reader& root, Manifest& m) {
  for (const Reader& r : root.list("sources")) m.sources.push_back({r.text("name"), r.count("size")});
  for (const Reader& r : root.list("populations"))
    m.populations.push_back({r.text("name"), r.count("size"), r.text_or("model", ""), r.texts("states"), r.boolean("fires")});
  for (const Reader& r : root.list("parameters")) m.parameters.push_back(read_parameter(r));
  for (const Reader& r : root.list("readouts")) m.readouts.push_back({r.text("name"), r.text("population"), r.count("size")});
  for (const Reader& r : root.list("losses")) {
    m.losses.push_back({r.text("name"), r.text("readout"), r.text("when"), r.boolean("labelled")});
    const std::string& readout = m.losses.back().readout;
    if (std::none_of(m.readouts.begin(), m.readouts.end(), [&](const ReadoutInfo& known) { return known.name == readout; }))
      r.complain_about("readout", fmt::format("names '{}', which is not among the readouts", readout));
  }
}

}  // namespace

std::string Init::str() const {
  switch (kind) {
    case Kind::number: return fmt::format("{}", a);
    case Kind::uniform: return fmt::format("uniform({}, {})", a, b);
    case Kind::normal: return fmt::format("normal({}, {})", a, b);
    case Kind::gamma: return fmt::format("gamma({}, {})", a, b);
    case Kind::values: return fmt::format("{} given values", values.size());
  }
  return {};
}

std::uint32_t Manifest::neurons() const {
  return std::accumulate(populations.begin(), populations.end(), std::uint32_t{0}, [](std::uint32_t n, const PopulationInfo& p) { return n + p.size; });
}

std::uint32_t Manifest::scores() const {
  if (losses.empty()) return 0;
  for (const ReadoutInfo& readout : readouts)
    if (readout.name == losses.front().readout) return readout.size;
  return 0;
}

std::vector<std::string> Manifest::parameter_names() const {
  std::vector<std::string> names;
  for (const ParameterInfo& p : parameters) names.push_back(p.name);
  return names;
}

const ParameterInfo* Manifest::parameter(std::string_view name) const {
  for (const ParameterInfo& p : parameters)
    if (p.name == name) return &p;
  return nullptr;
}

Manifest load_manifest(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "manifest.json";
  const json document = parse_json(file);
  const Reader root(document, file.string(), "");
  Manifest m;
  m.directory = directory;
  if (const std::uint32_t version = root.count("version"); version != 1)
    root.complain_about("version", fmt::format("is {}, this antidrome reads version 1", version));
  m.model = root.text("model");
  m.fingerprint = root.text("fingerprint");
  m.backend = root.text("backend");
  m.mode = root.text("mode");
  if (m.mode != "grid" && m.mode != "exact") root.complain_about("mode", fmt::format("is '{}', expected grid or exact", m.mode));
  m.precision = root.text("precision");
  if (m.precision != "float" && m.precision != "double" && m.precision != "mixed") root.complain_about("precision", fmt::format("is '{}', expected float, double or mixed", m.precision));
  m.library = root.text("library");
  if (root.raw().contains("options"))
    for (const auto& [name, value] : root.object("options").raw().items()) m.options.emplace_back(name, value.dump());
  if (root.raw().contains("learn") && root.raw().at("learn").is_object()) m.rule = root.object("learn").text_or("rule", "");
  read_lists(root, m);
  return m;
}

}  // namespace antidrome
