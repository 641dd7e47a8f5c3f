#include "runtime/bench/bench.hpp"
#include "runtime/cli/build.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/suggest.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>

namespace antidrome::cli {
namespace {

using bench::Shape;

struct Options {
  std::vector<std::string> shapes = {"shd-256"}, set;
  int hidden = 0, repetitions = 20;
  std::uint32_t batch = 32, threads = 1, chunks = 8;
  double dt_ms = 0;
  std::string precision = "float", activity = "uniform", march, json, against;
  bool list = false;
};

std::vector<Shape> chosen(const Options& o) {
  std::vector<Shape> out;
  std::vector<std::string> known;
  for (const Shape& s : bench::shapes()) known.push_back(s.name);
  for (const std::string& name : o.shapes) {
    if (name == "all") out.insert(out.end(), bench::shapes().begin(), bench::shapes().end());
    else if (const auto it = std::find(known.begin(), known.end(), name); it != known.end()) out.push_back(bench::shapes()[static_cast<std::size_t>(it - known.begin())]);
    else fail(exit_user, "AD416", {"bench " + name}, fmt::format("there is no shape '{}'", name), did_you_mean(name, known));
  }
  for (Shape& s : out) {
    if (o.hidden > 0) s.hidden = o.hidden;
    if (o.dt_ms > 0) s.dt_ms = o.dt_ms;
    for (const std::string& text : o.set) add_option(s.set, text);
  }
  return out;
}

/// A session of a shape, in the cache of builds like any other model.
std::unique_ptr<Session> session_of(const Shape& shape, const std::string& precision, const Options& o) {
  BuildRequest request;
  request.model = cache_folder() / "bench" / "model.cc";
  std::filesystem::create_directories(request.model.parent_path());
  std::ifstream in(request.model);
  if (std::string text{std::istreambuf_iterator<char>(in), {}}; text != bench::model_text()) std::ofstream(request.model) << bench::model_text();
  request.precision = precision;
  request.set = bench::model_options(shape);
  request.quiet = true;
  if (!o.march.empty()) request.output = cache_folder() / "bench" / (shape.name + "-" + std::to_string(shape.hidden) + "-" + precision + "-" + o.march);
  const Manifest manifest = load_manifest(ensure_built(request).directory);
  SessionOptions options{.dt_ms = shape.dt_ms, .steps = static_cast<std::uint32_t>(shape.length_ms / shape.dt_ms + 0.5), .threads = o.threads, .chunks = o.chunks};
  auto session = std::make_unique<Session>(manifest, options);
  initialise(session->parameters(), session->manifest(), 1);
  return session;
}

void compare_with_pytorch(const std::vector<Shape>& shapes, const std::vector<bench::Timing>& timings, const Options& o) {
  for (std::size_t q = 0; q < shapes.size(); ++q) {
    const bench::PytorchTiming p = bench::run_pytorch(shapes[q], o.batch, o.threads, std::min(o.repetitions, 3));
    const double ours = timings[q].training.least();
    fmt::print("{:<24} PyTorch {}, {} threads: forward {:.1f}, backward {:.1f}, together {:.1f} CPU ms: {:.1f} times ours\n", shapes[q].name, p.version, o.threads, p.forward_ms, p.backward_ms, p.forward_ms + p.backward_ms, (p.forward_ms + p.backward_ms) / ours);
  }
}

void run_bench(const Options& o) {
  if (o.list) {
    for (const Shape& s : bench::shapes())
      fmt::print("{:<20} {}-{}-{}, {} steps of {} ms: {}\n", s.name, s.inputs, s.layers == 2 ? fmt::format("{0}-{0}", s.hidden) : std::to_string(s.hidden), s.outputs, int(s.length_ms / s.dt_ms + 0.5), s.dt_ms, s.what);
    return;
  }
  if (!o.march.empty()) setenv("ANTIDROME_MARCH", o.march.c_str(), 1);
  const std::vector<Shape> shapes = chosen(o);
  std::vector<std::string> precisions;
  for (std::size_t from = 0; from <= o.precision.size();) {
    const std::size_t to = std::min(o.precision.find(',', from), o.precision.size());
    precisions.push_back(o.precision.substr(from, to - from));
    from = to + 1;
  }
  const bench::Roofline roofline = bench::measure_roofline();
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<bench::Work> work;
  for (const Shape& s : shapes)
    for (const std::string& precision : precisions) {
      sessions.push_back(session_of(s, precision, o));
      work.push_back({precision == "float" ? s.name : s.name + " " + precision, s, sessions.back().get()});
    }
  fmt::print("batch {}, {} threads, {} chunks, {} repetitions, {} lanes, {} inputs\n", o.batch, o.threads, o.chunks, o.repetitions, sessions.front()->simulator().lanes(), o.activity);
  const std::vector<bench::Timing> timings = bench::measure(work, o.activity == "bursty" ? bench::Activity::bursty : bench::Activity::uniform, o.batch, o.repetitions, roofline);
  fmt::print("{}", bench::table(work, timings, roofline));
  if (!o.json.empty() && !(std::ofstream(o.json) << bench::json_text(work, timings, roofline, o.batch)))
    fail(exit_io, "AD444", {o.json}, "cannot write the results", "give --json a file in a folder that exists");
  if (o.against == "pytorch") compare_with_pytorch(shapes, timings, o);
}

}  // namespace

void add_bench(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("bench", "measure training on networks of standard shapes, alternately");
  auto o = std::make_shared<Options>();
  command->add_option("SHAPE", o->shapes, "shapes to measure, or all")->capture_default_str();
  command->add_flag("--list", o->list, "what the shapes are");
  command->add_option("--hidden", o->hidden, "neurons of a hidden layer")->check(CLI::Range(1, 65535));
  command->add_option("-b,--batch", o->batch, "samples of a batch")->check(CLI::Range(1u, 100000u))->capture_default_str();
  command->add_option("-j,--threads", o->threads, "worker threads")->check(CLI::Range(1u, 4096u))->capture_default_str();
  command->add_option("--chunks", o->chunks, "partial sums of the gradient")->check(CLI::Range(1u, 4096u))->capture_default_str();
  command->add_option("--repetitions", o->repetitions, "batches of each")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_option("--dt", o->dt_ms, "time step in ms; the trial stays as long as it is")->check(CLI::PositiveNumber);
  command->add_option("--precision", o->precision, "float, mixed, double, or several of them side by side: float,mixed")->capture_default_str()->check([](const std::string& text) {
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t to = std::min(text.find(',', from), text.size());
      const std::string one = text.substr(from, to - from);
      if (one != "float" && one != "mixed" && one != "double") return "'" + one + "' is not float, mixed or double";
      from = to + 1;
    }
    return std::string();
  });
  command->add_option("--activity", o->activity, "uniform: events spread evenly; bursty: in volleys")->check(CLI::IsMember({"uniform", "bursty"}))->capture_default_str();
  command->add_option("--march", o->march, "instruction set of the simulators: x86-64, x86-64-v3, x86-64-v4 (default: this machine's)");
  command->add_option("--set", o->set, "further option of the benchmarks' model")->allow_extra_args(false)->type_name("NAME=VALUE");
  command->add_option("--json", o->json, "results as JSON too")->type_name("FILE");
  command->add_option("--against", o->against, "pytorch: the same network there, in the same call")->check(CLI::IsMember({"pytorch"}));
  command->callback([o] { run_bench(*o); });
}

}  // namespace antidrome::cli
