#include "runtime/bench/bench.hpp"
#include "runtime/cli/build.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/plot/plots.hpp"
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
  std::uint32_t batch = 32, threads = 1, chunks = 4;
  double dt_ms = 0;
  std::string precision = "float", activity = "uniform", march, json, against, scale, plot;
  bool list = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    out.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

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

/// What is measured: the shapes in the precisions asked for, each perhaps in five sizes.
struct Plan {
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<bench::Work> work;
  std::vector<double> amounts;              ///< of what --scale names
};

Plan plan_of(const std::vector<Shape>& shapes, const Options& o) {
  Plan plan;
  const auto add = [&](const Shape& s, const std::string& precision, std::size_t batch, const std::string& name) {
    plan.sessions.push_back(session_of(s, precision, o));
    plan.work.push_back({precision == "float" ? name : name + " " + precision, s, plan.sessions.back().get(), batch});
  };
  for (const Shape& s : shapes)
    for (const std::string& precision : split(o.precision)) {
      if (o.scale.empty()) add(s, precision, o.batch, s.name);
      else
        for (const bench::Scaled& one : bench::scaled(s, o.batch, o.scale)) {
          add(one.shape, precision, one.batch, fmt::format("{} {}", o.scale, one.amount));
          plan.amounts.push_back(one.amount);
        }
    }
  return plan;
}

/// Each shape there, and how many times as long it takes as ours of every precision.
void compare_with_pytorch(const Plan& plan, const std::vector<bench::Timing>& timings, const Options& o) {
  const std::size_t precisions = split(o.precision).size();
  for (std::size_t first = 0; first < timings.size(); first += precisions) {
    const Shape& shape = plan.work[first].shape;
    const bench::PytorchTiming p = bench::run_pytorch(shape, o.batch, o.threads, std::min(o.repetitions, 3));
    const auto line = [&](const char* how, double forward, double backward) {
      std::string times;
      for (std::size_t q = first; q < first + precisions; ++q) times += fmt::format("{}{:.1f} times {}", q > first ? ", " : "", (forward + backward) / timings[q].training.least(), plan.work[q].name);
      fmt::print("{:<24} PyTorch {}, {} threads, {}: forward {:.1f}, backward {:.1f}, together {:.1f} CPU ms: {}\n", shape.name, p.version, o.threads, how, forward, backward, forward + backward, times);
    };
    line("its time loop", p.forward_ms, p.backward_ms);
    line("written by hand", p.hand_forward_ms, p.hand_backward_ms);
    fmt::print("{:<24} gradients of the two are {:.1e} of each other apart\n", "", p.gradients_apart);
  }
}

/// Time over the quantity that was scaled: how far from a straight line it is, and a plot if one was asked for.
void show_scaling(const Plan& plan, const std::vector<bench::Timing>& timings, const Options& o) {
  plot::Scaling figure{.title = fmt::format("{}: one batch, {}", plan.work.front().shape.name, o.precision), .curves = {{"together", {}}, {"forward", {}}, {"adjoint", {}}, {"gradient", {}}}};
  figure.quantity = o.scale == "batch" ? "samples of a batch" : o.scale == "length" ? "trial (ms)" : "synaptic events of a batch (million)";
  for (std::size_t q = 0; q < timings.size(); ++q) {
    const bench::Timing& t = timings[q];
    figure.amount.push_back(o.scale == "events" ? 1e-6 * t.counts.forward_events : plan.amounts[q]);
    const double part[4] = {t.training.least(), t.forward.least(), t.adjoint.least(), t.gradient.least()};
    for (std::size_t k = 0; k < 4; ++k) figure.curves[k].ms.push_back(part[k]);
  }
  const bench::Line line = bench::line_through(figure.amount, figure.curves[0].ms);
  fmt::print("{}: {:.4g} ms + {:.4g} ms each; the largest distance of a point from that line is {:.1f} %\n", figure.quantity, line.constant, line.slope, 100 * line.largest);
  if (o.plot.empty()) return;
  figure.subtitle = fmt::format("{} thread{}, {} lanes, {} inputs", o.threads, o.threads == 1 ? "" : "s", plan.sessions.front()->simulator().lanes(), o.activity);
  figure.line = {line.constant, line.slope};
  try {
    for (const auto& path : plot::save(plot::scaling(figure), o.plot, true, false)) fmt::print("{}\n", path.string());
  } catch (const std::runtime_error& e) {
    fail(exit_io, "AD444", {o.plot}, e.what(), "give --plot a name in a folder that exists");
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
  if (!o.scale.empty() && (shapes.size() > 1 || o.precision.find(',') != std::string::npos || !o.against.empty()))
    fail(exit_user, "AD416", {"bench --scale " + o.scale}, "one shape in one precision is scaled at a time, by itself", "name one of each, and leave --against out");
  if (!o.plot.empty() && o.scale.empty()) fail(exit_user, "AD416", {"bench --plot " + o.plot}, "a plot shows how time grows with something", "add --scale batch, length or events");
  const bench::Roofline roofline = bench::measure_roofline();
  const Plan plan = plan_of(shapes, o);
  fmt::print("batch {}, {} threads, {} chunks, {} repetitions, {} lanes, {} inputs\n", o.batch, o.threads, o.chunks, o.repetitions, plan.sessions.front()->simulator().lanes(), o.activity);
  const std::vector<bench::Timing> timings = bench::measure(plan.work, o.activity == "bursty" ? bench::Activity::bursty : bench::Activity::uniform, o.repetitions, roofline);
  fmt::print("{}", bench::table(plan.work, timings, roofline));
  if (!o.scale.empty()) show_scaling(plan, timings, o);
  if (!o.json.empty() && !(std::ofstream(o.json) << bench::json_text(plan.work, timings, roofline)))
    fail(exit_io, "AD444", {o.json}, "cannot write the results", "give --json a file in a folder that exists");
  if (o.against == "pytorch") compare_with_pytorch(plan, timings, o);
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
  command->add_option("--chunks", o->chunks, "partial sums of the gradient (as training has them)")->check(CLI::Range(1u, 4096u))->capture_default_str();
  command->add_option("--repetitions", o->repetitions, "batches of each")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_option("--dt", o->dt_ms, "time step in ms; the trial stays as long as it is")->check(CLI::PositiveNumber);
  command->add_option("--precision", o->precision, "float, mixed, double, or several of them side by side: float,mixed")->capture_default_str()->check([](const std::string& text) {
    for (const std::string& one : split(text))
      if (one != "float" && one != "mixed" && one != "double") return "'" + one + "' is not float, mixed or double";
    return std::string();
  });
  command->add_option("--activity", o->activity, "uniform: events spread evenly; bursty: in volleys")->check(CLI::IsMember({"uniform", "bursty"}))->capture_default_str();
  command->add_option("--march", o->march, "instruction set of the simulators: x86-64, x86-64-v3, x86-64-v4 (default: this machine's)");
  command->add_option("--set", o->set, "further option of the benchmarks' model")->allow_extra_args(false)->type_name("NAME=VALUE");
  command->add_option("--scale", o->scale, "one shape in five sizes, from a quarter to four times of this: how time grows with it")->check(CLI::IsMember({"batch", "length", "events"}));
  command->add_option("--plot", o->plot, "with --scale: a drawing, NAME.svg, and its numbers, NAME.csv")->type_name("NAME");
  command->add_option("--json", o->json, "results as JSON too")->type_name("FILE");
  command->add_option("--against", o->against, "pytorch: the same network there, in the same call")->check(CLI::IsMember({"pytorch"}));
  command->callback([o] { run_bench(*o); });
}

}  // namespace antidrome::cli
