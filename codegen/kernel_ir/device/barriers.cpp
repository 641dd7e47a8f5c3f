// Barriers by analysis. Every phase says what it reads and writes in memory that threads share, and whether a lane does so for its own
// neurons alone. Two phases need a barrier between them when they touch the same memory, one of them writes, and they are not the same lanes.
// The time loop is walked as often as lists alternate, the loop over samples twice, until no walk finds anything new.
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

namespace {

enum class Use { reads, writes, changes };      ///< changes: by an atomic operation

struct Access {
  std::string memory;
  Use use = Use::reads;
  std::string owner;                            ///< who: the lanes of a cell, each for its own neurons, or one thread; empty: anybody
  int loop = 0;                                 ///< number of the time loop in which it happened; 0: outside
  auto operator<=>(const Access&) const = default;
};

bool conflict(const Access& a, const Access& b) { return a.memory == b.memory && (a.use != b.use || a.use == Use::writes) && !(a.owner == b.owner && !a.owner.empty()); }

class Walk {
 public:
  Walk(const DeviceModule& d, const Node& kernel) : d_(d) { number(kernel); }

  /// Finds the phases that need a barrier before them, and lets go of those that others have made unnecessary.
  void solve(const Node& kernel) {
    while (run(kernel, 4) || run(kernel, 5)) {}                   // lists alternate: an even and an odd number of steps
    const std::set<int> all = found_;
    for (const int n : all) {
      const std::set<int> before = found_;
      found_.erase(n);
      if (run(kernel, 4) || run(kernel, 5)) found_ = before;
    }
  }
  bool found(const Node& n) const { return found_.contains(number_.at(&n)); }

 private:
  /// One walk; true when it found a phase more.
  bool run(const Node& kernel, int steps) {
    pending_.clear();
    more_ = false;
    loops_ = 0;
    for (int sample = 0; sample < 2; ++sample)
      for (const Node& n : kernel.body.front().body) {
        loop_ = n.kind == NodeKind::block_steps || n.kind == NodeKind::block_steps_back ? &n : nullptr;
        if (loop_ == nullptr) {
          inside_ = 0;
          phase(n);
          continue;
        }
        inside_ = ++loops_;
        if (found(n)) pending_.clear();
        for (int step = 0; step < steps; ++step) {
          parity_ = step % 2;
          const std::set<Access> before = pending_;
          spiking_ = false;
          sequence(n.body);
          const std::set<Access> quiet = pending_;
          pending_ = before;
          spiking_ = true;
          sequence(n.body);
          pending_.insert(quiet.begin(), quiet.end());
        }
      }
    return more_;
  }
  void number(const Node& n) {
    number_.emplace(&n, static_cast<int>(number_.size()));
    for (const Node& child : n.body) number(child);
  }

  void sequence(const std::vector<Node>& body) {
    for (const Node& n : body) {
      if (n.kind != NodeKind::when_spikes && n.kind != NodeKind::when_arrivals) {
        phase(n);
        continue;
      }
      phase(n);                                                   // the condition itself is read
      if (n.kind == NodeKind::when_spikes) {                      // all of a step's are taken, or none
        if (spiking_) sequence(n.body);
        continue;
      }
      const std::set<Access> skipped = pending_;                  // steps in which there is nothing to do
      sequence(n.body);
      pending_.insert(skipped.begin(), skipped.end());
    }
  }

  void phase(const Node& n) {
    std::set<Access> own;
    accesses(n, own);
    if (!found(n))
      for (const Access& a : own)
        for (const Access& b : pending_) {
          if (!conflict(a, b)) continue;
          more_ = true;
          // what happened before the loop is over when the loop begins: one barrier there, none in every step
          found_.insert(number_.at(loop_ != nullptr && b.loop != inside_ ? loop_ : &n));
        }
    if (found(n)) pending_.clear();
    for (Access a : own) {
      a.loop = inside_;
      pending_.insert(a);
    }
  }

  std::string alternating(const std::string& name, bool before) const { return fmt::format("{}{}", name, before ? 1 - parity_ : parity_); }

  /// The list of spikes on the tape; what the data brought is written by nobody here.
  void tape_list(const std::string& cell, std::set<Access>& out) const {
    if (!d_.base.cell(cell).fires) return;
    out.insert({cell + " tape", Use::reads, ""});
    out.insert({cell + " begin", Use::reads, ""});
  }

  void memory_of(const Node& n, const std::string& owner, std::set<Access>& out) const {
    const bool touches = !n.buffer.empty() && !n.buffer.starts_with("k.");
    if (touches) {
      const Buffer* b = d_.base.buffer(n.buffer);
      const bool writes = n.kind == NodeKind::store || n.kind == NodeKind::add || n.kind == NodeKind::clear;
      if (b && b->space != Space::lane && b->space != Space::batch) out.insert({n.buffer, writes ? Use::writes : Use::reads, n.column == Column::spike ? std::string() : owner});
    }
    for (const Node& child : n.body) memory_of(child, owner, out);
  }

  void accesses(const Node& n, std::set<Access>& out) const {
    const std::string cell = n.cell;
    switch (n.kind) {
      case NodeKind::lanes: case NodeKind::warp_losses: memory_of(n, cell, out); break;
      case NodeKind::lanes_fired:
        memory_of(n, cell, out);
        out.insert({n.buffer, Use::reads, cell});
        out.insert({n.buffer, Use::writes, cell});                // the next steps find nothing
        break;
      case NodeKind::spikes_known: out.insert({n.buffer, Use::reads, cell}); break;
      case NodeKind::begin_lists:
        if (n.count) out.insert({"fired_of_" + identifier(cell), Use::writes, cell});
        else out.insert({cell + " begin", Use::writes, "thread 0"});
        break;
      case NodeKind::emit: out.insert({alternating(cell + " list", false), Use::writes, ""}); break;
      case NodeKind::record_spikes:
        memory_of(n, cell, out);
        out.insert({alternating(cell + " list", false), Use::reads, ""});
        out.insert({cell + " tape", Use::writes, ""});
        out.insert({cell + " begin", Use::writes, "thread 0"});
        break;
      case NodeKind::first_rows: out.insert({alternating(edge_source(n.edge) + " list", false), Use::reads, ""}); break;
      case NodeKind::step_constant: break;
      case NodeKind::rows: case NodeKind::scatter:
        if (const std::string pre = n.edge.empty() ? "" : edge_source(n.edge); n.kind == NodeKind::scatter || n.count != 1) {
          out.insert({alternating(pre + " list", true), Use::reads, ""});
        } else {
          tape_list(pre, out);
          if (n.value.is(ir::Kind::symbol)) out.insert({n.value.name(), Use::reads, ""});
        }
        if (n.kind == NodeKind::scatter) out.insert({n.buffer, Use::writes, cell});
        break;
      case NodeKind::add_pending: out.insert({n.buffer, Use::reads, cell}); break;
      case NodeKind::fetch_spikes: break;                        // what the forward pass left behind
      case NodeKind::thread_spikes: case NodeKind::warp_spikes:
        tape_list(cell, out);
        memory_of(n, "", out);
        break;
      case NodeKind::when_spikes: break;                          // lists that the forward pass left behind
      case NodeKind::when_arrivals: tape_list(edge_source(n.edge), out); break;
      case NodeKind::publish: out.insert({n.buffer, Use::writes, cell}); break;
      case NodeKind::dense_sum:
        out.insert({n.edge, Use::reads, ""});
        if (n.count) out.insert({n.buffer, Use::writes, ""});
        break;
      case NodeKind::reduce_partial:
        memory_of(n, cell, out);
        out.insert({n.buffer, Use::writes, ""});
        break;
      case NodeKind::reduce_total: out.insert({n.buffer, Use::reads, ""}); break;
      case NodeKind::finish_lists: out.insert({cell + " scan", n.count == 0 ? Use::writes : Use::reads, ""}); break;
      case NodeKind::write_sum: out.insert({n.name, Use::reads, d_.role(cell) ? cell : ""}); break;
      case NodeKind::clear: out.insert({n.buffer, Use::writes, ""}); break;
      case NodeKind::record_states: case NodeKind::check_states:
        for (const std::string& s : n.count ? d_.base.cell(cell).adjoints : d_.base.cell(cell).states) out.insert({s, Use::reads, cell});
        if (n.kind == NodeKind::check_states) out.insert({"first bad", Use::changes, ""});
        break;
      case NodeKind::begin_sample: out.insert({"first bad", Use::writes, "thread 0"}); break;
      case NodeKind::end_sample: out.insert({"first bad", Use::reads, "thread 0"}); break;
      default: memory_of(n, cell, out); break;
    }
    std::erase_if(out, [&](const Access& a) {                     // registers
      const Buffer* b = d_.base.buffer(a.memory);
      return b && b->space == Space::lane;
    });
    // spike_found: one thread writes what the lane of the neuron reads, and sets its bit
    if (n.kind == NodeKind::warp_spikes)
      for (const Node& child : n.body)
        if (child.kind == NodeKind::spike_found) {
          out.insert({child.buffer, Use::changes, ""});
          out.insert({"passed_back_of_" + identifier(cell), Use::writes, ""});
        }
  }

  const std::string& edge_source(const std::string& edge) const { return d_.base.edge(edge).pre; }

  const DeviceModule& d_;
  std::set<Access> pending_;
  std::map<const Node*, int> number_;           ///< in the order of the text, so that the result is always the same
  std::set<int> found_;
  const Node* loop_ = nullptr;                  ///< the time loop that is being walked
  int parity_ = 0, loops_ = 0, inside_ = 0;
  bool more_ = false, spiking_ = false;
};

void insert(std::vector<Node>& body, const Walk& walk, char& name) {
  std::vector<Node> out;
  std::vector<bool> before;
  for (const Node& n : body) before.push_back(walk.found(n));    // before anything moves
  for (std::size_t k = 0; k < body.size(); ++k) {
    if (before[k]) {
      Node barrier = make_node(NodeKind::barrier);
      barrier.name = std::string(1, name++);
      out.push_back(barrier);
    }
    insert(body[k].body, walk, name);
    out.push_back(std::move(body[k]));
  }
  body = std::move(out);
}

}  // namespace

void place_barriers(const DeviceModule& module, Node& kernel) {
  Walk walk(module, kernel);
  walk.solve(kernel);
  char name = 'A';
  insert(kernel.body.front().body, walk, name);
}

}  // namespace antidrome::kernel
