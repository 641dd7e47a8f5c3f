#include "backends/cuda/device/simulator.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>

namespace antidrome::cuda {
namespace {

constexpr std::uint32_t none = 0xffffffffu;

std::uint32_t at_least_one(std::uint64_t n) { return static_cast<std::uint32_t>(std::max<std::uint64_t>(n, 1)); }

std::uint32_t whole_chunks(const antidrome_settings& s) { return std::min(std::max(s.chunks, 1u), antidrome_share_of(&s).samples); }

template <class T> void append(std::vector<std::byte>& out, T x) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, &x, sizeof x);
  out.insert(out.end(), bytes, bytes + sizeof x);
}

}  // namespace

void append_wide(std::vector<std::byte>& out, double x, bool single) {
  std::byte bytes[8];
  if (single) {
    const float hi = static_cast<float>(x), lo = static_cast<float>(x - static_cast<double>(hi));
    std::memcpy(bytes, &hi, 4);
    std::memcpy(bytes + 4, &lo, 4);
  } else {
    std::memcpy(bytes, &x, 8);
  }
  out.insert(out.end(), bytes, bytes + 8);
}

DeviceSimulator::DeviceSimulator(Plan plan, std::unique_ptr<Device> device) : plan_(std::move(plan)), device_(std::move(device)), arrays_(*device_), whole_(*device_), inputs_(plan_, *device_) {
  const std::uint32_t row = 64 / plan_.real_bytes();             // rows of the host are 64-byte aligned
  for (const PlannedParameter& p : plan_.parameters) strides_.push_back((p.cols + row - 1) / row * row);
  abi_ = {ANTIDROME_ABI_VERSION, plan_.real_bytes(), 32, plan_.fingerprint.c_str(), "cuda", 1, static_cast<std::uint32_t>(strides_.size()), strides_.data(), this, &workspace_bytes, &run, &put, &fetch};
}

Sizes DeviceSimulator::sizes_of(const antidrome_settings& s) const {
  Sizes sizes;
  sizes.samples = s.batch;
  sizes.steps = s.steps;
  sizes.capacity = s.spike_capacity;
  sizes.listed_capacity = (s.spike_capacity + std::uint64_t{plan_.list_padding} + 3) / 4 * 4;   // every sample's list begins with a group of four
  sizes.chunks = antidrome_share_of(&s).own_chunks;
  for (const PlannedCell& c : plan_.cells)
    if (c.source >= 0) sizes.events.push_back(0);                // of the batch: inputs.hpp
  return sizes;
}

std::uint64_t DeviceSimulator::workspace_bytes(void* self, const antidrome_settings* settings, std::uint64_t* tape_bytes) {
  const auto& me = *static_cast<const DeviceSimulator*>(self);
  std::uint64_t all = 0;
  const Sizes sizes = me.sizes_of(*settings);
  for (const PlannedArray& a : me.plan_.arrays)
    if (std::find(a.factors.begin(), a.factors.end(), "samples") != a.factors.end() && (settings->backward || !a.backward)) all += bytes_of(me.plan_, a, sizes);
  if (tape_bytes) *tape_bytes = all;
  return 64;                                                     // the device has its own memory
}

int DeviceSimulator::run(void* self, const antidrome_batch* batch) { return static_cast<DeviceSimulator*>(self)->run_batch(*batch); }

void DeviceSimulator::reserve(const Sizes& sizes, const antidrome_batch& b) {
  for (const PlannedArray& a : plan_.arrays) {
    const bool trace = a.name == "trace" || a.name == "adjoint_trace";
    if ((a.backward && !b.settings->backward) || (a.updates && !b.update) || (trace && !b.record) || input_->find(a.name)) continue;
    arrays_.reserve(a.name, bytes_of(plan_, a, sizes));
  }
}

std::vector<std::byte> DeviceSimulator::arguments(const antidrome_batch& b, const Sizes& sizes, const std::vector<std::string>& whole) const {
  const antidrome_settings& s = *b.settings;
  const bool single = plan_.real_bytes() == 4;
  std::vector<std::byte> out;
  const antidrome_share share = antidrome_share_of(&s);
  for (const PlannedArray& a : plan_.arrays) {
    const bool gathered = std::find(whole.begin(), whole.end(), a.name) != whole.end();
    const Address of_batch = input_->find(a.name);
    append<std::uint64_t>(out, of_batch ? of_batch : (gathered ? whole_ : arrays_).find(a.name));
  }
  append<std::uint64_t>(out, s.seed);
  append_wide(out, s.dt_ms, single);
  append_wide(out, s.dt_ms * s.steps, single);
  for (const std::uint64_t x : {sizes.samples, sizes.steps, sizes.capacity, sizes.listed_capacity, sizes.chunks, std::uint64_t{static_cast<std::uint32_t>(s.epoch)},
                                std::uint64_t{share.samples}, std::uint64_t{share.first_sample}, std::uint64_t{whole_chunks(s)}, std::uint64_t{share.first_chunk}}) append(out, static_cast<std::uint32_t>(x));
  append<std::uint32_t>(out, b.record ? b.record->sample : none);
  append<std::int32_t>(out, s.training);
  append<std::int32_t>(out, s.backward);
  out.resize((out.size() + 7) / 8 * 8);
  return out;
}

LaunchShape DeviceSimulator::shape_of(const PlannedKernel& k, const Sizes& sizes) {
  const std::uint64_t warps = k.threads / 32;
  if (k.grid == "samples") {
    std::uint32_t blocks = std::min<std::uint32_t>(static_cast<std::uint32_t>(sizes.samples), device_->resident_blocks(k.name, k.threads));
    if (most_blocks_) blocks = std::min(blocks, most_blocks_);
    return {at_least_one(blocks), 1, k.threads};
  }
  if (k.grid == "chunks") return {at_least_one((sizes.samples * ((sizes.steps + 31) / 32) * std::max(k.rows, 1u) + warps - 1) / warps), 1, k.threads};
  if (k.grid == "rows") return {at_least_one((k.rows + warps - 1) / warps), static_cast<std::uint32_t>(sizes.chunks), k.threads};
  if (k.grid == "elements") return {k.rows, 1, k.threads};
  return {1, 1, k.threads};
}

/// One graph, but for what several processes exchange in between.
void DeviceSimulator::launch(const antidrome_batch& b, const Sizes& sizes) {
  const std::vector<std::byte> bytes = arguments(b, sizes);
  Sizes whole = sizes;
  whole.samples = antidrome_share_of(b.settings).samples;
  whole.chunks = whole_chunks(*b.settings);
  device_->begin_graph();
  for (const PlannedArray& a : plan_.arrays)
    if (a.zeroed && (!a.backward || b.settings->backward)) device_->clear(arrays_.at(a.name), bytes_of(plan_, a, sizes));
  for (const PlannedKernel& k : plan_.kernels) {
    if ((k.backward && !b.settings->backward) || (k.updates && !b.update)) continue;
    if (k.grid == "rows" && sizes.chunks == 0) continue;         // a share without samples
    if (b.exchange && !k.whole.empty()) {
      device_->launch_graph();
      for (const std::string& name : k.whole) gather(b, name);
      device_->begin_graph();
      device_->launch(k.name, shape_of(k, whole), arguments(b, whole, k.whole));
    } else {
      device_->launch(k.name, shape_of(k, sizes), bytes);
    }
  }
  device_->launch_graph();
}

/// What all processes have of an array, row by row: on the device where the processes' devices reach each other, else by way of the host.
void DeviceSimulator::gather(const antidrome_batch& b, const std::string& name) {
  const PlannedArray& a = *std::find_if(plan_.arrays.begin(), plan_.arrays.end(), [&](const PlannedArray& x) { return x.name == name; });
  const bool of_chunks = a.factors.front() == "chunks";
  const antidrome_share share = antidrome_share_of(b.settings);
  Sizes one;
  one.samples = one.chunks = 1;
  const std::uint64_t row = bytes_of(plan_, a, one), all = row * (of_chunks ? whole_chunks(*b.settings) : share.samples);
  const std::uint64_t first = row * (of_chunks ? share.first_chunk : share.first_sample), own = row * (of_chunks ? share.own_chunks : b.settings->batch);
  const Address whole = whole_.reserve(name, all);
  const antidrome_exchange& ranks = *b.exchange;
  const int rows_of = of_chunks ? ANTIDROME_ROWS_OF_CHUNKS : ANTIDROME_ROWS_OF_SAMPLES;
  if (ranks.gather_device) {
    if (own > 0) device_->copy(whole + first, arrays_.at(name), own);
    device_->synchronise();
    ranks.gather_device(ranks.self, rows_of, reinterpret_cast<void*>(whole), row);
    return;
  }
  std::vector<std::byte> rows(all);
  if (own > 0) device_->download(rows.data() + first, arrays_.at(name), own);
  ranks.gather(ranks.self, rows_of, rows.data(), row);
  device_->upload(whole, rows.data(), all);
}

int DeviceSimulator::run_batch(const antidrome_batch& b) {
  if ((!b.parameters && !holds_) || (b.update && !moves_)) throw std::logic_error("internal error: a batch without parameters, or a step without what the optimiser keeps; please report it");
  Sizes sizes = sizes_of(*b.settings);
  input_ = &inputs_.of(b);
  sizes.events = input_->events();
  reserve(sizes, b);
  if (b.parameters) put_parameters(b.parameters);
  if (b.update) put_update(*b.update);
  launch(b, sizes);
  if (b.next) inputs_.announce(*b.next, *b.settings);
  device_->synchronise();
  fetch_results(b);
  if (b.settings->backward) fetch_gradients(b);
  if (b.update) fetch_update(*b.update);
  if (b.record) fetch_record(*b.record, *b.settings);
  int worst = ANTIDROME_OK;
  for (std::uint32_t s = 0; s < b.settings->batch; ++s)
    if (worst == ANTIDROME_OK) worst = static_cast<int>(b.status[s].code);
  return worst;
}

}  // namespace antidrome::cuda
