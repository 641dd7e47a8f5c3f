// The batch around the equations: parallel loops, workspace, status, entry point.
#include "backends/openmp/emit/emit.hpp"
#include "backends/openmp/emit/printer.hpp"

namespace antidrome::openmp {

using namespace kernel;

namespace {

bool accumulates_every_step(const Node& n) {
  if (n.kind == NodeKind::dense_gradient) return true;
  for (const Node& child : n.body)
    if (accumulates_every_step(child)) return true;
  return false;
}

}  // namespace

std::string Printer::trial(const char* qualifier) const {
  return fmt::format("{}Trial trial{{batch.samples[sample].sources, steps, batch.samples[sample].label, LEAST_SLOPE, batch.settings->dt_ms, batch.settings->training{}{}}};", qualifier,
                     m_.draws.empty() ? "" : ", batch.settings->seed, std::uint32_t(batch.settings->epoch), std::uint32_t(batch.samples[sample].index)",
                     m_.batch_means.empty() ? "" : ", nullptr");
}

/// Numbers of one sample in a mean over the batch.
std::string Printer::width(const BatchMean& mean) const { return mean.cell.empty() ? "1" : n(mean.cell); }

/// Between forward and backward: the means over the batch, then the losses of each sample that read them.
void Printer::batch_phase() {
  w_.raw("");
  w_.raw("/// Means over the samples that came to their end, added in the order of the samples whatever thread, or rank, has them.");
  w_.open("void average(const antidrome_batch& batch, const Tape* tapes, const Means& means)");
  w_.raw("const antidrome_share share = antidrome_share_of(batch.settings);");
  w_.open("for (std::uint32_t s = 0; s < batch.settings->batch; ++s)");
  w_.raw("means.ended[share.first_sample + s] = batch.status[s].code == ANTIDROME_OK;");
  for (const BatchMean& mean : m_.batch_means) w_.line("std::memcpy(means.{0}_rows + std::size_t(share.first_sample + s) * {1}, tapes[s].{0}_share, {1} * sizeof(real));", mean.name, width(mean));
  w_.close();
  w_.open("if (batch.exchange)");
  w_.raw("const antidrome_exchange& ranks = *batch.exchange;");
  w_.raw("ranks.gather(ranks.self, ANTIDROME_ROWS_OF_SAMPLES, means.ended, sizeof(std::uint32_t));");
  for (const BatchMean& mean : m_.batch_means) w_.line("ranks.gather(ranks.self, ANTIDROME_ROWS_OF_SAMPLES, means.{0}_rows, {1} * sizeof(real));", mean.name, width(mean));
  w_.close();
  w_.raw("double count = 0;");
  w_.raw("for (std::uint32_t s = 0; s < share.samples; ++s) count += means.ended[s];");
  for (const BatchMean& mean : m_.batch_means) {
    w_.open(fmt::format("for (int j = 0; j < {}; ++j)", width(mean)));
    w_.raw("double sum = 0;");
    w_.line("for (std::uint32_t s = 0; s < share.samples; ++s) if (means.ended[s]) sum += double(means.{}_rows[std::size_t(s) * {} + j]);", mean.name, width(mean));
    w_.line("means.{}[j] = real(sum / count);", mean.name);
    w_.close();
  }
  w_.close();
  w_.raw("");
  w_.line("template <bool Taping>");
  w_.open("__attribute__((noinline)) void finish(const antidrome_batch& batch, std::uint32_t sample, const Constants& constants, const Tape& sample_tape, const Means& means, Worker& m)");
  w_.raw("antidrome_status& status = batch.status[sample];");
  w_.raw("if (status.code != ANTIDROME_OK) return;");
  w_.raw("const Constants k = constants;");
  w_.raw("const Tape tape = sample_tape;");
  w_.raw("const Weights w = weights_of(batch);");
  w_.raw("const std::uint32_t steps = batch.settings->steps;");
  w_.raw(trial(""));
  w_.raw("trial.means = &means;");
  w_.raw("Result result;");
  w_.raw("if (batch.prediction) result.prediction = batch.prediction[sample];");
  w_.line("finish_batch<Taping>(k, w, m, tape, trial, result{});", m_.mode == ir::TimeMode::exact ? ", Part{}, Segment{}, steps * trial.dt" : "");
  w_.raw("if (batch.loss) batch.loss[sample] += result.loss;");
  w_.raw("if (batch.prediction) batch.prediction[sample] = result.prediction;");
  w_.raw("if (!(result.loss - result.loss == 0)) status.code = ANTIDROME_NONFINITE_FORWARD;");
  w_.close();
}

/// Everything of a trial before its first event.
void Printer::begin_forward() {
  w_.raw("");
  w_.raw("/// The trial of one sample.");
  w_.line("template <bool Taping>");
  w_.open("__attribute__((noinline)) void forward(const antidrome_batch& batch, std::uint32_t sample, const Constants& constants, const Tape& sample_tape, Worker& m)");
  w_.raw("const Constants k = constants;  // local copies: no store through a pointer can change them");
  w_.raw("const Tape tape = sample_tape;");
  w_.raw("const Weights w = weights_of(batch);");
  w_.raw("const antidrome_settings& settings = *batch.settings;");
  w_.raw("const std::uint32_t steps = settings.steps;");
  w_.raw("[[maybe_unused]] const std::uint32_t capacity = settings.spike_capacity;");
  w_.raw(trial("const "));
  w_.raw("const antidrome_record* record = batch.record && batch.record->sample == sample ? batch.record : nullptr;");
  w_.raw("Result result;");
  w_.raw("result.scores = batch.scores ? batch.scores + std::size_t(sample) * SCORES : nullptr;");
  w_.raw("antidrome_status status{};");
  w_.raw("status.population = status.neuron = status.variable = status.step = UINT32_MAX;");
}

/// Everything after its last.
void Printer::finish_forward() {
  w_.raw("// a NaN or an infinity stays in a state to the end of the trial: one look suffices");
  for (const CellLayout& c : m_.cells)
    for (std::size_t s = 0; s < c.states.size(); ++s)
      if (c.population >= 0)
        w_.line("if (const int j = first_nonfinite(m.{}, {}); j >= 0 && status.code == ANTIDROME_OK) {{ status.code = ANTIDROME_NONFINITE_FORWARD; status.population = {}; status.neuron = std::uint32_t(j); status.variable = {}; }}",
                c.states[s], n(c.name), c.population, s);
  w_.raw("if (status.code == ANTIDROME_OK && !(result.loss - result.loss == 0)) status.code = ANTIDROME_NONFINITE_FORWARD;");
  int first = 0, firing = 0;
  const bool exact = m_.mode == ir::TimeMode::exact;
  for (const CellLayout& c : m_.cells) {
    if (c.population < 0) continue;
    if (c.fires) {
      const std::string name = identifier(c.name);
      w_.line("status.spikes += {};", exact ? fmt::format("spikes[{}]", firing++) : fmt::format("tape.{}_begin[steps]", name));
      w_.line("if (batch.spike_counts) std::memcpy(batch.spike_counts + std::size_t(sample) * NEURONS + {}, tape.{}_by_unit, {} * sizeof(std::uint32_t));", first, identifier(c.name), n(c.name));
      if (exact) {
        w_.line("if (record) record_exact_spikes(*record, {0}, tape.{1}_unit, tape.{1}_time, spikes[{2}]);", c.population, name, firing - 1);
      } else {
        w_.line("if (record) record_spikes(*record, {0}, tape.{1}_begin, tape.{1}_unit, steps, settings.dt_ms);", c.population, name);
        w_.line("if constexpr (Taping) counts_to_ends(tape.{}_by_unit, {});", name, n(c.name));
      }
    } else {
      w_.line("if (batch.spike_counts) std::memset(batch.spike_counts + std::size_t(sample) * NEURONS + {}, 0, {} * sizeof(std::uint32_t));", first, n(c.name));
    }
    first += c.size;
  }
  w_.close();
  w_.raw("if (batch.loss) batch.loss[sample] = result.loss;");
  w_.raw("if (batch.prediction) batch.prediction[sample] = result.prediction;");
  w_.raw("batch.status[sample] = status;");
  w_.close();
}

void Printer::forward_pass(const Node& samples) {
  const Node& steps = samples.body[1];
  begin_forward();
  for (const CellLayout& c : m_.cells)
    if (c.fires) {
      w_.line("tape.{}_begin[0] = 0;", identifier(c.name));
      w_.line("std::memset(tape.{}_by_unit, 0, ({} + 1) * sizeof(std::uint32_t));", identifier(c.name), n(c.name));
    }
  for (const EdgeLayout& e : m_.edges)
    if (const CellLayout& c = m_.cell(e.pre); c.source >= 0 && !e.factors.empty()) w_.line("if (trial.events[{}].step_begin[steps] > capacity) status.code = ANTIDROME_TAPE_OVERFLOW;", c.source);
  const char* arguments = "k, w, m, tape, trial, result";
  w_.line("begin_trial<Taping>({});", arguments);
  w_.open("for (std::uint32_t t0 = 0; t0 < steps && status.code == ANTIDROME_OK; t0 += STEPS_AHEAD)");
  w_.raw("const std::uint32_t t1 = t0 + STEPS_AHEAD < steps ? t0 + STEPS_AHEAD : steps;");
  w_.line("{}<Taping>({}, t0, t1);", steps.body[0].name, arguments);
  w_.open("for (std::uint32_t t = t0; t < t1; ++t)");
  for (const CellLayout& c : m_.cells)
    if (c.fires) w_.line("if (__builtin_expect(tape.{0}_begin[t] + {1} > capacity, 0)) {{ status.code = ANTIDROME_TAPE_OVERFLOW; break; }}", identifier(c.name), n(c.name));
  w_.line("{}<Taping>({}, t, t - t0);", steps.body[1].name, arguments);
  w_.open("if (__builtin_expect(record != nullptr, 0))");
  if (!samples.body[2].body.empty()) w_.line("settle_states<Taping>({});", arguments);
  int trace = 0;
  for (const CellLayout& c : m_.cells) {
    if (c.population < 0) continue;
    for (const std::string& s : c.states) w_.line("record_trace(*record, {}, t, m.{}, {});", trace++, s, n(c.name));
  }
  w_.close();
  w_.close();
  w_.close();
  w_.open("if (status.code == ANTIDROME_OK)");
  if (!samples.body[2].body.empty()) w_.line("settle_states<Taping>({});", arguments);
  w_.line("finish_trial<Taping>({});", arguments);
  finish_forward();
}

void Printer::clear_matrices() {
  for (const ParameterLayout& p : m_.parameters)
    if (p.trainable && p.matrix) w_.line("std::memset(part.{0}, 0, sizeof(real) * {1} * std::size_t(stride_of({2})));", identifier(p.name), p.rows, p.cols);
}

/// `clear`: matrices start at zero, because something adds to them all along.
void Printer::begin_backward(bool clear) {
  w_.raw("");
  w_.raw("/// The samples [first_sample, last_sample) walked back into one gradient.");
  w_.open("__attribute__((noinline)) void backward(const antidrome_batch& batch, std::uint32_t first_sample, std::uint32_t last_sample, const Constants& constants, const Tape* tapes, " + std::string(m_.sample_at_a_time ? "bool together, " : "") + "const History& worker_history, const Part& chunk_part, Worker& m, double* times)");
  w_.raw("constexpr bool Taping = true;");
  w_.raw("const Constants k = constants;");
  w_.raw("const History history = worker_history;");
  w_.raw("const Part part = chunk_part;");
  w_.raw("const Weights w = weights_of(batch);");
  w_.raw("const std::uint32_t steps = batch.settings->steps;");
  for (const ParameterLayout& p : m_.parameters)
    if (p.trainable && !p.matrix) w_.line("std::memset(part.{0}, 0, sizeof(double) * {1} * {2});", identifier(p.name), p.rows, p.cols);
  if (clear) clear_matrices();
  w_.line("bool first = {};", clear ? "false" : "true");
  w_.open("for (std::uint32_t sample = first_sample; sample < last_sample; ++sample)");
  if (m_.sample_at_a_time) {
    w_.open("if (together)");
    w_.raw("const double begin = times ? cpu_seconds() : 0;");
    w_.raw("forward<true>(batch, sample, constants, tapes[0], m);");
    w_.raw("if (times) times[0] += cpu_seconds() - begin;");
    w_.close();
  }
  w_.raw("antidrome_status& status = batch.status[sample];");
  w_.raw("if (status.code != ANTIDROME_OK) continue;");
  w_.raw("const double start = times ? cpu_seconds() : 0;");
  w_.line("const Tape tape = tapes[{}];", m_.sample_at_a_time ? "together ? 0 : sample" : "sample");
  w_.raw(trial("const "));
  w_.raw("Result result;");
}

/// The adjoints at the start of the trial tell whether one was lost on the way.
void Printer::finish_sample() {
  for (const CellLayout& c : m_.cells)
    for (const std::string& a : c.adjoints)
      if (c.population >= 0)
        w_.line("if (const int j = first_nonfinite(m.{}, {}); j >= 0 && status.code == ANTIDROME_OK) {{ status.code = ANTIDROME_NONFINITE_BACKWARD; status.population = {}; status.neuron = std::uint32_t(j); }}", a, n(c.name), c.population);
}

void Printer::record_adjoints() {
  w_.open("if (__builtin_expect(record != nullptr, 0))");
  int index = 0;
  for (const CellLayout& c : m_.cells) {
    if (c.population < 0) continue;
    for (const CellLayout::Recorded& r : c.recorded_adjoints) {
      if (r.history) w_.line("record_history<{}>(*record, {}, t, history.{}, history.rows);", n(c.name), index, r.buffer);
      else if (!r.buffer.empty()) w_.line("record_adjoint(*record, {}, t, m.{}, {});", index, r.buffer, n(c.name));
      ++index;
    }
  }
  w_.close();
}

void Printer::backward_pass(const Node& chunks) {
  const bool dense = accumulates_every_step(chunks);
  begin_backward(dense);
  for (const EdgeLayout& e : m_.edges)
    if (const CellLayout& c = m_.cell(e.pre); c.source >= 0 && !e.factors.empty()) w_.line("std::memcpy(m.{0}_cursor, trial.events[{1}].unit_begin + 1, {2} * sizeof(std::uint32_t));", identifier(e.name), c.source, n(c.name));
  w_.raw("begin_adjoint<Taping>(k, w, m, tape, trial, result, history, part);");
  w_.raw("const antidrome_record* record = batch.record && batch.record->adjoint && batch.record->sample == sample ? batch.record : nullptr;");
  w_.open("for (std::uint32_t t = steps; t-- > 0;)");
  w_.raw("adjoint_step<Taping>(k, w, m, tape, trial, result, history, part, t);");
  record_adjoints();
  w_.close();
  w_.raw("finish_adjoint<Taping>(k, w, m, tape, trial, result, history, part);");
  w_.raw("status.clamped = result.clamped;");
  finish_sample();
  w_.raw("const double middle = times ? cpu_seconds() : 0;");
  w_.raw("gather_gradients<Taping>(k, w, m, tape, trial, result, history, part, first);");
  w_.raw("first = false;");
  w_.raw("if (times) { times[1] += middle - start; times[2] += cpu_seconds() - middle; }");
  w_.close();
  if (!dense) {
    w_.open("if (first)");
    clear_matrices();
    w_.close();
  }
  w_.close();
  reduce();
  exchange();
}

void Printer::reduce() {
  w_.raw("");
  w_.raw("/// Gradients of all chunks, added in the order of the chunks whatever thread does it.");
  w_.open("void reduce(const antidrome_batch& batch, const Part* parts, int chunks, double* times)");
  w_.raw("const double start = times ? cpu_seconds() : 0;");
  for (std::size_t k = 0; k < m_.parameters.size(); ++k) {
    const ParameterLayout& p = m_.parameters[k];
    if (!p.trainable) continue;
    const std::string name = identifier(p.name);
    if (p.matrix) {
      w_.raw("#pragma omp for schedule(static) nowait");
      w_.open(fmt::format("for (int row = 0; row < {}; ++row)", p.rows));
      w_.line("real* target = static_cast<real*>(batch.gradients[{}]) + std::size_t(row) * stride_of({});", k, p.cols);
      w_.open(fmt::format("for (int c = 0; c < stride_of({}); c += LANES)", p.cols));
      w_.line("const std::size_t at = std::size_t(row) * stride_of({}) + std::size_t(c);", p.cols);
      w_.line("vf sum = c < padded({}) ? load(parts[0].{} + at) : vf{{}};", p.cols, name);
      w_.line("if (c < padded({0})) for (int q = 1; q < chunks; ++q) sum += load(parts[q].{1} + at);", p.cols, name);
      w_.raw("store(target + c, sum);");
      w_.close();
      w_.close();
    } else {
      w_.raw("#pragma omp single nowait");
      w_.open(fmt::format("for (int j = 0; j < {}; ++j)", p.rows * p.cols));
      w_.line("double sum = parts[0].{}[j];", name);
      w_.line("for (int q = 1; q < chunks; ++q) sum += parts[q].{}[j];", name);
      w_.line("static_cast<real*>(batch.gradients[{}])[{}] = real(sum);", k, p.along_rows ? fmt::format("std::size_t(j) * STRIDES[{}]", k) : "j");
      w_.close();
    }
  }
  w_.raw("if (times) times[2] += cpu_seconds() - start;");
  w_.close();
}

/// Once per batch, before any trial.
void Printer::pack_rows() {
  bool any = false;
  for (const ParameterLayout& p : m_.parameters) {
    if (!p.half) continue;
    if (!any) w_.raw("const double packing = timed ? cpu_seconds() : 0;");
    any = true;
    w_.raw("#pragma omp for schedule(static)");
    w_.line("for (int j = 0; j < {0}; ++j) pack_row<{1}, {2}_group>(space.constants.{2}_half + std::size_t(j) * half_stride<{1}, {2}_group>(), w.{2} + std::size_t(j) * stride_of({1}));", p.rows, p.cols, identifier(p.name));
  }
  if (any) w_.raw("if (timed) times[0] += cpu_seconds() - packing;");
}

/// Partial sums of all ranks, exchanged: one sum is left, of which `reduce` makes gradients.
void Printer::exchange() {
  w_.raw("");
  w_.raw("/// The chunks of all ranks, added in the order of the chunks on every rank.");
  w_.open("void exchange(const antidrome_batch& batch, const Part* parts, std::uint32_t own)");
  w_.raw("const Part& total = parts[own];");
  w_.open("const auto array = [own](const auto* first, auto* sum, std::uint64_t elements)");
  w_.raw("const auto bytes = std::uint64_t(reinterpret_cast<const char*>(sum) - reinterpret_cast<const char*>(first));");
  w_.raw("return antidrome_partial{first, sum, own ? bytes / own : 0, elements, std::uint32_t(sizeof *sum)};");
  w_.close(";");
  w_.open("const antidrome_partial arrays[] =");
  std::size_t count = 0;
  for (const ParameterLayout& p : m_.parameters) {
    if (!p.trainable) continue;
    ++count;
    w_.line("array(parts[0].{0}, total.{0}, std::uint64_t({1}) * {2}),", identifier(p.name), p.rows, p.matrix ? fmt::format("std::uint64_t(stride_of({}))", p.cols) : std::to_string(p.cols));
  }
  w_.close(";");
  w_.line("batch.exchange->sum(batch.exchange->self, arrays, {});", count);
  w_.close();
}

void Printer::workspace() {
  w_.raw("");
  w_.raw("// ---- the batch");
  w_.open("struct Workspace");
  w_.raw("Constants constants{};");
  w_.raw("Tape* tapes;");
  w_.raw("Worker* workers;");
  if (m_.learns) {
    w_.raw("History* histories;");
    w_.raw("Part* parts;");
  }
  if (!m_.batch_means.empty()) w_.raw("Means means;");
  w_.raw("std::size_t tape_bytes;");
  w_.close(";");
  if (m_.sample_at_a_time) {
    w_.raw("/// Are samples walked back one by one, each right after its end? Then a worker has one tape.");
    w_.raw("bool one_by_one(const antidrome_settings& settings) { return settings.backward && settings.threads <= antidrome_share_of(&settings).own_chunks; }");
  }
  w_.open("Workspace lay_out(Arena& arena, const antidrome_settings& settings)");
  w_.raw("Workspace space{};");
  w_.raw("const std::uint32_t threads = settings.threads ? settings.threads : 1;");
  w_.raw("lay_out_constants(space.constants, arena, settings.steps);");
  w_.raw("space.workers = arena.take<Worker>(threads);");
  for (const Buffer& b : m_.buffers) {
    if (b.shape != Shape::pending) continue;
    w_.open("for (std::uint32_t q = 0; q < threads; ++q)");
    w_.line("real* const pending = arena.take<real>(arrival_size({}, settings.steps));", n(b.cell));
    w_.line("if (arena.base) space.workers[q].{} = pending;", b.name);
    w_.close();
  }
  w_.line("const std::uint32_t tapes = {};", m_.sample_at_a_time ? "one_by_one(settings) ? threads : settings.batch" : "settings.batch");
  w_.raw("space.tapes = arena.take<Tape>(tapes);");
  w_.raw("const std::size_t before = arena.used;");
  w_.open("for (std::uint32_t s = 0; s < tapes; ++s)");
  w_.raw("const Tape tape = lay_out_tape(arena, settings);");
  w_.raw("if (arena.base) space.tapes[s] = tape;");
  w_.close();
  w_.raw("space.tape_bytes = arena.used - before;");
  if (!m_.batch_means.empty()) w_.raw("space.means = lay_out_means(arena, settings);");
  if (m_.learns) {
    w_.raw("if (!settings.backward) return space;");
    w_.raw("space.histories = arena.take<History>(threads);");
    w_.raw("const std::uint32_t parts = antidrome_share_of(&settings).own_chunks + (settings.share.samples != 0);  // of a share also the sum over all ranks");
    w_.raw("space.parts = arena.take<Part>(parts);");
    w_.open("for (std::uint32_t q = 0; q < threads; ++q)");
    w_.raw("const History history = lay_out_history(arena, settings.steps);");
    w_.raw("if (arena.base) space.histories[q] = history;");
    w_.close();
    w_.open("for (std::uint32_t q = 0; q < parts; ++q)");
    w_.raw("const Part part = lay_out_part(arena);");
    w_.raw("if (arena.base) space.parts[q] = part;");
    w_.close();
  }
  w_.raw("return space;");
  w_.close();
  w_.raw("");
  w_.open("std::uint64_t workspace_bytes(void*, const antidrome_settings* settings, std::uint64_t* tape_bytes)");
  w_.raw("Arena arena;");
  w_.raw("const Workspace space = lay_out(arena, *settings);");
  w_.raw("if (tape_bytes) *tape_bytes = space.tape_bytes;");
  w_.raw("return arena.used;");
  w_.close();
}

void Printer::run() {
  workspace();
  w_.raw("");
  w_.open("int run(void*, const antidrome_batch* batch)");
  w_.raw("const antidrome_settings& settings = *batch->settings;");
  w_.raw("Arena arena{static_cast<char*>(batch->workspace), 0};");
  w_.raw("Workspace space = lay_out(arena, settings);");
  w_.raw("compute_constants(space.constants, *batch);");
  w_.raw("const int samples = int(settings.batch), threads = int(settings.threads ? settings.threads : 1);");
  if (m_.learns) w_.raw("const std::uint32_t chunks = antidrome_share_of(&settings).own_chunks;");
  w_.raw("[[maybe_unused]] const Weights w = weights_of(*batch);");
  w_.open("#pragma omp parallel num_threads(threads)\n ");
  w_.raw("FlushDenormals flush;");
  w_.raw("const int me = omp_get_thread_num();");
  w_.raw("Worker& worker = space.workers[me];");
  w_.raw("double times[3] = {}, *timed = batch->times_s ? times : nullptr;");
  pack_rows();
  if (m_.sample_at_a_time) w_.raw("const bool together = one_by_one(settings);");
  w_.raw("#pragma omp for schedule(dynamic, 1)");
  w_.open(m_.sample_at_a_time ? "for (int s = 0; s < (together ? 0 : samples); ++s)" : "for (int s = 0; s < samples; ++s)");
  w_.raw("const double start = timed ? cpu_seconds() : 0;");
  if (m_.learns) {
    w_.raw("if (settings.backward) forward<true>(*batch, std::uint32_t(s), space.constants, space.tapes[s], worker);");
    w_.raw("else forward<false>(*batch, std::uint32_t(s), space.constants, space.tapes[s], worker);");
  } else {
    w_.raw("forward<false>(*batch, std::uint32_t(s), space.constants, space.tapes[s], worker);");
  }
  w_.raw("if (timed) times[0] += cpu_seconds() - start;");
  w_.close();
  if (!m_.batch_means.empty()) {
    w_.raw("// all trials have come to their end: some losses read what they have in common");
    w_.raw("#pragma omp master");
    w_.raw("average(*batch, space.tapes, space.means);");
    w_.raw("#pragma omp barrier");
    w_.raw("#pragma omp for schedule(dynamic, 1)");
    w_.open("for (int s = 0; s < samples; ++s)");
    if (m_.learns) w_.raw("if (settings.backward) finish<true>(*batch, std::uint32_t(s), space.constants, space.tapes[s], space.means, worker);\n    else");
    w_.raw("finish<false>(*batch, std::uint32_t(s), space.constants, space.tapes[s], space.means, worker);");
    w_.close();
  }
  if (m_.learns) {
    w_.open("if (settings.backward)");
    w_.raw("// the number of chunks is a constant of the run, so that the order of every sum is fixed");
    w_.raw("#pragma omp for schedule(dynamic, 1)");
    w_.open("for (std::uint32_t q = 0; q < chunks; ++q)");
    w_.line("backward(*batch, antidrome_chunk_begin(&settings, q), antidrome_chunk_begin(&settings, q + 1), space.constants, {}, space.histories[me], space.parts[q], worker, timed);", m_.sample_at_a_time ? "space.tapes + (together ? me : 0), together" : "space.tapes");
    w_.close();
    w_.open("if (batch->exchange)");
    w_.raw("#pragma omp master");
    w_.raw("exchange(*batch, space.parts, chunks);");
    w_.raw("#pragma omp barrier");
    w_.close();
    w_.raw("if (batch->exchange) reduce(*batch, space.parts + chunks, 1, timed);");
    w_.raw("else reduce(*batch, space.parts, int(chunks), timed);");
    w_.close();
  }
  w_.open("if (timed)");
  w_.raw("#pragma omp critical");
  w_.raw("for (int p = 0; p < 3; ++p) batch->times_s[p] += times[p];");
  w_.close();
  w_.close();
  w_.raw("int worst = ANTIDROME_OK;");
  w_.raw("for (int s = 0; s < samples; ++s)");
  w_.raw("  if (batch->status[s].code != ANTIDROME_OK && worst == ANTIDROME_OK) worst = int(batch->status[s].code);");
  w_.raw("return worst;");
  w_.close();
}

void Printer::entry() {
  w_.raw("");
  w_.line("const antidrome_simulator SIMULATOR = {{ANTIDROME_ABI_VERSION, sizeof(real), LANES, \"{}\", \"openmp\", 1, {}, STRIDES, nullptr, workspace_bytes, run, nullptr, nullptr}};", m_.fingerprint, m_.parameters.size());
  w_.raw("");
  w_.raw("}  // namespace");
  w_.raw("}  // namespace antidrome::simulator");
  w_.raw("");
  w_.raw("extern \"C\" const antidrome_simulator* antidrome_open(const char*, char*, std::uint64_t) { return &antidrome::simulator::SIMULATOR; }");
}

std::string Printer::print() {
  numbers_ = m_.precision == Precision::single_precision ? Numbers::single_precision : Numbers::double_precision;
  header();
  sizes();
  int neurons = 0;
  for (const CellLayout& c : m_.cells) neurons += c.population >= 0 ? c.size : 0;
  w_.line("constexpr std::size_t NEURONS = {}, SCORES = {};", neurons, m_.scores);
  w_.line("constexpr real LEAST_SLOPE = real({});  // the grazing policy: |1 / slope| <= {}", fmt::format("{}", 1.0 / m_.clamp), fmt::format("{}", m_.clamp));
  parameters();
  constants();
  worker();
  tape();
  parts();
  if (m_.mode == ir::TimeMode::exact) segments();
  functions(m_.batch);
  if (m_.mode == ir::TimeMode::exact) {
    exact_forward();
    if (m_.learns) exact_backward();
  } else {
    forward_pass(m_.batch.body[0]);
    if (m_.learns) backward_pass(m_.batch.body[1]);
  }
  if (!m_.batch_means.empty()) batch_phase();
  run();
  entry();
  return w_.text();
}

std::string emit_openmp(const KernelModule& module) { return Printer(module).print(); }

std::vector<std::string> compile_flags() {
  return {"-std=c++20", "-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"};
}

}  // namespace antidrome::openmp
