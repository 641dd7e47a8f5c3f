// Kernels for all samples at once.
#include <algorithm>

#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

namespace {

/// What a lane takes of a row at once: `vectors` times `neighbours` columns; the warp takes 32 times as much.
struct Columns {
  int neighbours, vectors;
  int of_lane() const { return neighbours * vectors; }
  int of_warp() const { return 32 * of_lane(); }
};
Columns columns_of(int stride, bool single) {
  Columns c{stride % 128 == 0 && single ? 4 : stride % 64 == 0 ? 2 : 1, 1};
  if (stride % (2 * c.of_warp()) == 0) c.vectors = 2;
  return c;
}

}  // namespace

/// A warp sums 32 steps of one sample, in a slice of columns that is the same for the whole block: rows of weights come from L1 when they have been read once.
/// Groups of lanes take different steps.
void Printer::sum_inputs(const DeviceKernel& k) {
  const Node& n = k.body;
  const std::string post = name(n.cell);
  const int neighbours = m_.precision == Precision::single_precision ? 4 : 2, lanes = k.slice / neighbours;
  w_.raw("const u32 lane = threadIdx.x & 31u, warp = threadIdx.x >> 5, groups = (a.steps + 31u) / 32u;");
  for (const Node& row : n.body) {
    const EdgeLayout& e = m_.edge(row.edge);
    if (!e.delay_parameter.empty()) w_.line("const u32 k_{0}_delay = a.{0}_delay_steps[0];", name(e.name));
  }
  w_.line("constexpr u32 slices = padded_of_{} / {}u;", post, k.slice);
  w_.raw("const u32 parts = gridDim.x < slices ? 1u : gridDim.x / slices;  // blocks of a slice");
  w_.open("for (u32 work = blockIdx.x; work < slices * parts; work += gridDim.x)");
  w_.line("const u32 c = work / parts * {}u + lane % {}u * {}u;", k.slice, lanes, neighbours);
  w_.open("for (u32 item = work % parts * (blockDim.x / 32u) + warp; item < a.samples * groups; item += parts * (blockDim.x / 32u))");
  w_.raw("const u32 sample = item / groups, t0 = item % groups * 32u, t1 = t0 + 32u < a.steps ? t0 + 32u : a.steps;");
  w_.open(fmt::format("for (u32 t = t0 + lane / {0}u; t < t1; t += {1}u)", lanes, 32 / lanes));
  w_.line("real sum[{}] = {{}};", neighbours);
  for (const Node& row : n.body) {
    const EdgeLayout& e = m_.edge(row.edge);
    w_.open_scope();
    w_.raw("u32 first, last;");
    arrivals_of(e, "first", "last");
    if (row.buffer.empty()) {
      w_.line("for (u32 s = first; s < last; ++s) if (__ldg(a.unit_of_{0} + s) != n_of_{0}) for (u32 q = 0; q < {1}u; ++q) sum[q] += real(1);", name(e.pre), neighbours);
    } else {
      w_.line("add_events<{0}, 1>(sum, a.{1} + c, {2}u, a.unit_of_{3}, first, last);", neighbours, identifier(row.buffer), d_.parameter(row.buffer).stride, name(e.pre));
    }
    w_.close();
  }
  w_.line("store_lanes<{0}>(a.{1} + (u64(sample) * a.steps + t) * padded_of_{2} + c, sum);", neighbours, n.buffer, post);
  w_.close();
  w_.close();
  w_.close();
}

/// A thread owns a column of a sample: it clears what will arrive there, then sends the events of the data on their way in the order of their times.
void Printer::send_inputs(const DeviceKernel& k) {
  const Node& n = k.body;
  const std::string post = name(n.cell);
  w_.open(fmt::format("for (u32 item = blockIdx.x * blockDim.x + threadIdx.x; item < a.samples * padded_of_{0}; item += gridDim.x * blockDim.x)", post));
  w_.line("const u32 sample = item / padded_of_{0}, column = item % padded_of_{0};", post);
  w_.line("real* const pending = a.{1} + u64(sample) * (a.steps + 1u) * padded_of_{0} + column;", post, n.buffer);
  w_.line("for (u32 t = 0; t <= a.steps; ++t) pending[u64(t) * padded_of_{}] = real(0);", post);
  for (const Node& one : n.body) {
    const EdgeLayout& e = m_.edge(one.edge);
    w_.open("for (u32 t = 0; t < a.steps; ++t)");
    w_.raw("u32 first, last;");
    w_.line("events_of({{a.group_of_{0}, nullptr, nullptr, nullptr}}, sample, a.steps, t, 0, first, last);", name(e.pre));
    w_.open("for (u32 s = first; s < last; ++s)");
    w_.line("const u32 j = __ldg(a.unit_of_{} + s);", name(e.pre));
    w_.line("if (j == n_of_{}) continue;  // fills a group of four", name(e.pre));
    w_.line("send<1>(pending, padded_of_{0}, {1}{2}, a.{3}_delay_steps + u64(j) * padded_of_{0} + column, t, a.steps);", post, row_of_unit(one.name), one.name.empty() ? "" : " + column", name(e.name));
    w_.close();
    w_.close();
  }
  w_.close();
}

/// A block sums over the samples, for one neuron after the other.
void Printer::batch_means() {
  w_.raw("__shared__ wide parts[256];");
  w_.raw("const auto counts = [&](u32 s) { return a.spikes[s] <= a.capacity && a.first_bad[2 * s] == none; };");
  w_.raw("wide mine = wide(0);");
  w_.raw("for (u32 s = threadIdx.x; s < a.samples; s += blockDim.x) mine = mine + wide(counts(s) ? 1 : 0);");
  w_.raw("const wide count = block_sum(mine, parts);");
  for (const BatchMean& mean : m_.batch_means) {
    const std::string width = mean.cell.empty() ? "1u" : "padded_of_" + name(mean.cell), real = mean.cell.empty() ? "1u" : "n_of_" + name(mean.cell);
    w_.open(fmt::format("for (u32 q = blockIdx.x; q < {}; q += gridDim.x)", width));
    w_.raw("mine = wide(0);");
    w_.line("for (u32 s = threadIdx.x; s < a.samples; s += blockDim.x) if (q < {2} && counts(s)) mine = mine + wide(a.{0}_share[u64(s) * {1} + q]);", mean.name, width, real);
    w_.raw("const wide sum = block_sum(mine, parts);");
    w_.line("if (threadIdx.x == 0) a.{}[q] = narrow(sum / count);", mean.name);
    w_.close();
  }
}

/// Groups of lanes own rows of the gradient in one slice of columns and one group of samples: the slice of a sample's history stays in L1 while all rows look
/// things up in it.
void Printer::gather_sliced(const DeviceKernel& k) {
  const int neighbours = m_.precision == Precision::single_precision ? 4 : 2, lanes = k.slice / neighbours;
  w_.line("constexpr u32 groups = {}u, tile = groups * {}u;  // rows beside each other, and of a block", k.threads / lanes, k.rows_of_lane);
  w_.raw("const Cut cut = cut_of(a.whole, a.whole_chunks, a.first_chunk + blockIdx.y, a.first_sample);");
  w_.raw("u32 work = blockIdx.x;");
  for (const Node& n : k.body.body) {
    const DeviceParameter& p = d_.parameter(n.name);
    const std::string pre = name(n.cell);
    const bool data = m_.cell(n.cell).source >= 0;
    w_.comment(n.name);
    w_.open_scope();
    w_.line("constexpr u32 slices = {}u / {}u, works = ({}u + tile - 1u) / tile * slices;", p.stride, k.slice, p.rows);
    if (const EdgeLayout& e = m_.edge(n.edge); !e.delay_parameter.empty()) w_.line("const u32 k_{0}_delay = a.{0}_delay_steps[0];", name(e.name));
    w_.open("for (; work < works; work += gridDim.x)");
    w_.line("const u32 thread = anew(threadIdx.x), c = work % slices * {}u + thread % {}u * {}u, first_row = work / slices * tile + thread / {}u;", k.slice, lanes, neighbours, lanes);
    w_.line("real sum[{}][{}] = {{}};", k.rows_of_lane, neighbours);
    w_.open("for (u32 sample = cut.first; sample < cut.last; ++sample)");
    w_.raw("if (a.spikes[sample] > a.capacity || a.first_bad[2 * sample] != none || a.first_bad[2 * sample + 1] != none) continue;");
    w_.raw("__syncthreads();  // all warps look things up in the same sample");
    w_.line("const real* const rows = fixed_global(a.{} + u64(sample) * (a.steps + 1u) * {}u + c);", n.buffer, p.stride);
    w_.raw("#pragma unroll");
    w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", k.rows_of_lane));
    w_.raw("const u32 row = first_row + r * groups;");
    w_.line("if (row >= {}u) continue;", p.rows);
    if (data) w_.line("const u32 first = 4u * __ldg(a.unit_group_of_{0} + u64(sample) * (n_of_{0} + 1u) + row), last = 4u * __ldg(a.unit_group_of_{0} + u64(sample) * (n_of_{0} + 1u) + row + 1u);", pre);
    else w_.line("const u32 first = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + row], last = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + row + 1u];", pre);
    const std::string base = data ? "" : " + u64(sample) * a.listed_capacity";
    w_.line("gather_rows<{0}, 1>(sum[r], rows, {1}u, a.step_of_{2}{3}, {4}, first, last, {5}, a.steps);", neighbours, p.stride, pre, base,
            n.value.defined() ? fmt::format("a.{}{}", n.value.name(), base) : "static_cast<const real*>(nullptr)", delay(m_.edge(n.edge)));
    w_.close();
    w_.close();
    w_.raw("#pragma unroll");
    w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", k.rows_of_lane));
    w_.raw("const u32 row = first_row + r * groups;");
    w_.line("if (row >= {}u) continue;", p.rows);
    const std::string target = fmt::format("a.{0}_part + (u64(blockIdx.y) * {1}u + row) * {2}u + c", identifier(n.name), p.rows, p.stride);
    if (n.count) {
      w_.line("real known[{}];", neighbours);
      w_.line("load_lanes<{}>(known, {});", neighbours, target);
      w_.line("for (u32 q = 0; q < {}u; ++q) sum[r][q] += known[q];", neighbours);
    }
    w_.line("store_lanes<{}>({}, sum[r]);", neighbours, target);
    w_.close();
    w_.close();
    w_.raw("work -= works;");
    w_.close();
  }
}

/// A warp owns a row of the gradient in one group of samples: no two threads add to the same number, and every sum has its order.
void Printer::gather(const DeviceKernel& k) {
  if (k.slice > 0) return gather_sliced(k);
  const Node& n = k.body;
  const std::string pre = name(n.cell), weight = identifier(n.name);
  const bool scattered = n.kind == NodeKind::scattered_gradient, dense = n.kind == NodeKind::dense_gradient;
  const int stride = dense ? d_.parameter(n.name).stride : d_.padded(m_.edge(n.edge).post);
  const Columns columns = scattered ? Columns{1, 1} : columns_of(stride, m_.precision == Precision::single_precision);
  const bool data = m_.cell(n.cell).source >= 0;
  w_.raw("const u32 lane = threadIdx.x & 31u, warp = threadIdx.x >> 5;");
  if (!dense)
    if (const EdgeLayout& e = m_.edge(n.edge); !e.delay_parameter.empty() && !scattered) w_.line("const u32 k_{0}_delay = a.{0}_delay_steps[0];", name(e.name));
  w_.raw("const Cut cut = cut_of(a.whole, a.whole_chunks, a.first_chunk + blockIdx.y, a.first_sample);");
  w_.open(fmt::format("for (u32 row = blockIdx.x * (blockDim.x / 32u) + warp; row < {}u; row += gridDim.x * (blockDim.x / 32u))", k.rows));
  w_.open(fmt::format("for (u32 c = lane * {}u; c < {}u; c += {}u)", columns.neighbours, stride, columns.of_warp()));
  w_.line("real sum[{}] = {{}};", columns.of_lane());
  w_.open("for (u32 sample = cut.first; sample < cut.last; ++sample)");
  w_.raw("if (a.spikes[sample] > a.capacity || a.first_bad[2 * sample] != none || a.first_bad[2 * sample + 1] != none) continue;");
  if (dense) {
    w_.open("for (u32 t = 0; t < a.steps; ++t)");
    w_.line("const real factor = __ldg(a.{0} + (u64(sample) * (a.steps + 1u) + t) * padded_of_{1} + row);", n.edge, pre);
    w_.line("real x[{}];", columns.of_lane());
    w_.line("fetch_columns<{0}, {3}>(x, a.{1} + (u64(sample) * (a.steps + 1u) + t) * {2}u + c);", columns.neighbours, n.buffer, stride, columns.vectors);
    w_.line("for (u32 q = 0; q < {}u; ++q) sum[q] += factor * x[q];", columns.of_lane());
    w_.close();
  } else {
    if (data) w_.line("const u32 first = 4u * __ldg(a.unit_group_of_{0} + u64(sample) * (n_of_{0} + 1u) + row), last = 4u * __ldg(a.unit_group_of_{0} + u64(sample) * (n_of_{0} + 1u) + row + 1u);", pre);
    else w_.line("const u32 first = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + row], last = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + row + 1u];", pre);
    const std::string base = data ? "" : " + u64(sample) * a.listed_capacity";
    if (scattered) {
      const EdgeLayout& e = m_.edge(n.edge);
      w_.line("gather_scattered(sum[0], a.{0} + u64(sample) * (a.steps + 1u) * {1}u + c, {1}u, a.{2}_delay_steps[u64(row) * {1}u + c], a.step_of_{3}{4}, first, last, a.steps);", n.buffer, stride, name(e.name), pre, base);
    } else {
      w_.line("gather_rows<{0}, {7}>(sum, a.{1} + u64(sample) * (a.steps + 1u) * {2}u + c, {2}u, a.step_of_{3}{4}, {5}, first, last, {6}, a.steps);", columns.neighbours, n.buffer, stride, pre, base,
              n.value.defined() ? fmt::format("a.{}{}", n.value.name(), base) : "static_cast<const real*>(nullptr)", delay(m_.edge(n.edge)), columns.vectors);
    }
  }
  w_.close();
  if (scattered && n.value.defined()) {                           // of a delay: minus the weight times what the history says of arrival times
    if (n.value.is_number(1)) w_.raw("sum[0] = -sum[0];");
    else w_.line("sum[0] *= -a.{}[u64(row) * {}u + c];", identifier(n.value.name()), stride);
  }
  const std::string target = fmt::format("a.{0}_part + (u64(blockIdx.y) * {1}u + row) * {2}u + c", weight, k.rows, stride);
  if (n.count) {
    w_.line("real known[{}];", columns.of_lane());
    w_.line("fetch_columns<{}, {}>(known, {});", columns.neighbours, columns.vectors, target);
    w_.line("for (u32 q = 0; q < {}u; ++q) sum[q] += known[q];", columns.of_lane());
  }
  w_.line("store_columns<{}, {}>({}, sum);", columns.neighbours, columns.vectors, target);
  w_.close();
  w_.close();
}

/// Of a delay that the synapses of a source or of a target share: the sum of a row, or of a column.
void Printer::add_synapses(const DeviceParameter& p, const EdgeLayout& e) {
  const int rows = m_.cell(e.pre).size, cols = m_.cell(e.post).size, stride = d_.padded(e.post);
  w_.open(fmt::format("for (u32 q = first; q < {}u; q += all)", p.rows * p.cols));
  w_.raw("wide sum = wide(0);");
  const bool by_source = m_.parameter(p.name).along_rows;
  w_.open("for (u32 chunk = 0; chunk < a.chunks; ++chunk)");
  w_.line("const real* const part = a.{}_part + u64(chunk) * {}u + {};", identifier(p.name), rows * stride, by_source ? fmt::format("q * {}u", stride) : "q");
  w_.line("for (u32 s = 0; s < {}u; ++s) sum = sum + wide(__ldg(part + s{}));", by_source ? cols : rows, by_source ? "" : fmt::format(" * {}u", stride));
  w_.close();
  w_.line("a.{}_gradient[q] = narrow(sum);", identifier(p.name));
  w_.close();
}

void Printer::add_parts(const DeviceKernel& k) {
  w_.raw("const u32 first = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;");
  for (const Node& n : k.body.body) {
    const DeviceParameter& p = d_.parameter(n.cell);
    if (!n.edge.empty()) {
      add_synapses(p, m_.edge(n.edge));
      continue;
    }
    w_.open(fmt::format("for (u32 q = first; q < {}u; q += all)", p.rows * p.stride));
    w_.raw("real sum = real(0);");
    w_.line("for (u32 chunk = 0; chunk < a.chunks; ++chunk) sum += __ldg(a.{}_part + u64(chunk) * {}u + q);", identifier(p.name), p.rows * p.stride);
    w_.line("a.{}_gradient[q] = sum;", identifier(p.name));
    w_.close();
  }
}

void Printer::sum_parameters(const DeviceKernel& k) {
  if (std::any_of(k.body.body.begin(), k.body.body.end(), [](const Node& n) { return n.value.is_number(1); })) w_.raw("__shared__ wide parts[256];");
  w_.raw("const auto counts = [&](u32 s) { return a.spikes[s] <= a.capacity && a.first_bad[2 * s] == none && a.first_bad[2 * s + 1] == none; };");
  std::vector<std::string> done;
  for (const Node& first : k.body.body) {
    if (std::find(done.begin(), done.end(), first.name) != done.end()) continue;
    done.push_back(first.name);
    const DeviceParameter& p = d_.parameter(first.name);
    const std::string to = "a." + identifier(first.name) + "_gradient";
    w_.comment(first.name);
    const bool shared = first.value.is_number(1);
    w_.open_scope();
    if (shared) {
      w_.raw("wide mine = wide(0);");
      for (const Node& n : k.body.body) {
        if (n.name != first.name) continue;
        const bool one = n.cell.empty() || m_.buffer_of(n.buffer).shape == Shape::one;
        const std::string width = one ? "1u" : "padded_of_" + name(n.cell), count = one ? "1u" : "n_of_" + name(n.cell);
        w_.open(fmt::format("for (u32 q = threadIdx.x; q < a.samples * {}; q += blockDim.x)", count));
        w_.line("const u32 s = q / {0}, j = q % {0};", count);
        w_.line("if (counts(s)) mine = mine + wide(a.{0}[u64(s) * {1} + j]);", n.buffer, width);
        w_.close();
      }
      w_.raw("const wide all = block_sum(mine, parts);");
      w_.line("if (threadIdx.x == 0) {}[0] = narrow(all);", to);
    } else {
      w_.open(fmt::format("for (u32 j = threadIdx.x; j < {}u; j += blockDim.x)", std::max(p.rows, p.cols)));
      w_.raw("wide all = wide(0);");
      for (const Node& n : k.body.body) {
        if (n.name != first.name) continue;
        w_.line("for (u32 s = 0; s < a.samples; ++s) if (counts(s)) all = all + wide(a.{0}[u64(s) * padded_of_{1} + j]);", n.buffer, name(n.cell));
      }
      w_.line("{}[j] = narrow(all);", to);
      w_.close();
    }
    w_.close();
  }
}

}  // namespace antidrome::cuda
