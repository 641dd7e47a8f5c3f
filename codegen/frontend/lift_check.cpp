// The lift check: the user's compiled hook and its lifted equations, on the same random states. They must agree to rounding.
#include <antidrome/equations.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "codegen/frontend/session.hpp"
#include "codegen/ir/names.hpp"

namespace antidrome::frontend {
namespace {

using Bytes = std::vector<std::max_align_t>;
using Numbers = std::map<std::string, double>;

template <class T>
T& at_offset(Bytes& object, long offset) {
  return *reinterpret_cast<T*>(reinterpret_cast<char*>(object.data()) + offset);
}

double get(Bytes& object, const Member& m) {
  switch (m.symbol.role) {
    case ir::Role::param: case ir::Role::weight: return at_offset<param>(object, m.offset).value;
    case ir::Role::count: return static_cast<double>(at_offset<count>(object, m.offset).value);
    case ir::Role::spike: return at_offset<spike>(object, m.offset).value;
    case ir::Role::state: case ir::Role::memory: case ir::Role::input: break;
  }
  return at_offset<detail::Assignable<state>>(object, m.offset).value;
}

void set(Bytes& object, const Member& m, double x) {
  switch (m.symbol.role) {
    case ir::Role::param: case ir::Role::weight: at_offset<param>(object, m.offset).value = x; return;
    case ir::Role::count: at_offset<count>(object, m.offset).value = static_cast<long>(x); return;
    case ir::Role::spike: at_offset<spike>(object, m.offset).value = static_cast<int>(x); return;
    case ir::Role::state: at_offset<state>(object, m.offset).slope = 0; break;
    case ir::Role::memory: case ir::Role::input: break;
  }
  at_offset<detail::Assignable<state>>(object, m.offset).value = x;
}

/// Random states around what the model starts from, wide enough to take both sides of its branches.
class Randomness {
 public:
  double number(double start, ir::Role role) {
    if (role == ir::Role::count || role == ir::Role::spike) return std::uniform_int_distribution<int>(0, 3)(engine_);
    const double u = std::uniform_real_distribution<double>(-1, 1)(engine_);
    if (role == ir::Role::param) return start == 0 ? u : start * (1 + 0.5 * u);   // keeps its sign: a time constant stays positive
    return start + 2 * u * std::max(1.0, 0.5 * std::fabs(start));
  }
  double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine_); }
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }

 private:
  std::mt19937_64 engine_{1};
};

class HookRunner {
 public:
  HookRunner(const LiftedStruct& s, const RecordedStruct& recorded, const detail::Hook& compiled, const ir::Hook& lifted)
      : s_(s), recorded_(recorded), compiled_(compiled), lifted_(lifted) {}

  HookCheck run(int states, double tolerance) {
    HookCheck check{fmt::format("{}::{}", s_.model.name, compiled_.name), {}, 0, 0, {}, true};
    for (int attempt = 0; attempt < 20 * states && check.states < states; ++attempt) {
      if (s_.kind == StructKind::loss) once_loss(check);
      else once(check);
    }
    check.ok = check.states >= std::min(states, 100) && check.worst <= tolerance;
    return check;
  }

 private:
  void randomise(Bytes& object, const Layout& layout, const void* start) {
    object.assign(static_cast<std::size_t>(layout.bytes) / sizeof(std::max_align_t) + 1, {});
    if (start) std::memcpy(object.data(), start, static_cast<std::size_t>(layout.bytes));
    for (const Member& m : layout.members) {
      const double given = start ? get(object, m) : 1;
      set(object, m, random_.number(given, m.symbol.role));
    }
  }

  Context random_context() {
    Context c;
    c.dt = random_.between(0.1, 1);
    c.trial = random_.between(20, 200);
    c.time = random_.between(0, c.trial);
    c.training = random_.below(2) == 1;
    c.draws = static_cast<unsigned long long>(random_.below(1 << 30));
    c.one_draw = true;
    return c;
  }

  static double context_number(const Context& c, const std::string& name) {
    if (name == "time") return c.time;
    if (name == "dt") return c.dt;
    if (name == "trial") return c.trial;
    if (name == "training") return c.training ? 1 : 0;
    if (ir::is_draw(name)) {
      context = c;
      return name.starts_with("draw_uniform") ? uniform() : ir::is_white(name) ? white() : normal();
    }
    throw InternalError(fmt::format("the lifted equations name '{}', which no object has", name));
  }

  void compare(HookCheck& check, bool& finite, const std::string& name, double ours, double theirs) {
    if (!std::isfinite(ours) && !std::isfinite(theirs)) {
      finite = false;
      return;
    }
    const double scale = std::max({std::fabs(ours), std::fabs(theirs), 1e-6});
    const double error = std::isfinite(ours) && std::isfinite(theirs) ? std::fabs(ours - theirs) / scale : INFINITY;
    if (error > check.worst) check.worst = error, check.variable = name;
  }

  void once(HookCheck& check) {
    std::vector<Bytes> objects(s_.objects.size());
    std::vector<void*> pointers;
    Numbers before;
    for (std::size_t k = 0; k < objects.size(); ++k) {
      randomise(objects[k], s_.objects[k], k == 0 ? recorded_.object() : nullptr);
      for (const Member& m : s_.objects[k].members) before[s_.objects[k].prefix + m.symbol.name] = get(objects[k], m);
      pointers.push_back(objects[k].data());
    }
    const Context context = random_context();
    const auto lookup = [&](const std::string& name) {
      const auto found = before.find(name);
      return found != before.end() ? found->second : context_number(context, name);
    };
    const double result = compiled_.run({pointers.data(), 0, {}, &context});
    bool finite = true;
    Numbers expected = before, slopes;
    for (const ir::Effect& e : lifted_.effects) {
      const double value = ir::evaluate(e.value, lookup);
      if (e.kind == ir::Effect::Kind::derivative) slopes[e.target] = value;
      else if (e.kind == ir::Effect::Kind::contribute) expected[e.target] = before[e.target] + value;
      else expected[e.target] = value;
    }
    for (std::size_t k = 0; k < objects.size(); ++k)
      for (const Member& m : s_.objects[k].members) {
        const std::string name = s_.objects[k].prefix + m.symbol.name;
        compare(check, finite, name, expected[name], get(objects[k], m));
        if (k == 0 && m.symbol.role == ir::Role::state) compare(check, finite, "d(" + name + ")", slopes[name], at_offset<state>(objects[k], m.offset).slope);
      }
    if (lifted_.result.defined()) compare(check, finite, "result", ir::evaluate(lifted_.result, lookup), result);
    if (finite) ++check.states;
  }

  void once_loss(HookCheck& check) {
    constexpr int outputs = 5;
    const Layout& layout = s_.objects[1];
    Bytes self, element;
    randomise(self, s_.objects[0], recorded_.object());
    std::vector<char> elements(static_cast<std::size_t>(layout.bytes * outputs));   // aligned by operator new
    std::vector<Numbers> before(outputs);
    for (int k = 0; k < outputs; ++k) {
      randomise(element, layout, nullptr);
      for (const Member& m : layout.members) before[static_cast<std::size_t>(k)][layout.prefix + m.symbol.name] = get(element, m);
      std::memcpy(elements.data() + k * layout.bytes, element.data(), static_cast<std::size_t>(layout.bytes));
    }
    Numbers own;
    for (const Member& m : s_.objects[0].members) own[m.symbol.name] = get(self, m);
    const Context context = random_context();
    const int y = random_.below(outputs);
    void* pointers[] = {self.data(), elements.data()};
    const double theirs = compiled_.run({pointers, outputs, {y}, &context});
    const auto shared = [&](const std::string& name) {
      const auto found = own.find(name);
      return found != own.end() ? found->second : context_number(context, name);
    };
    const ir::Elements seen{outputs, y, [&](const std::string& name, int k) {
                              const Numbers& numbers = before[static_cast<std::size_t>(k)];
                              const auto found = numbers.find(name);
                              return found != numbers.end() ? found->second : shared(name);
                            }};
    bool finite = true;
    compare(check, finite, "result", ir::evaluate(lifted_.result, seen, 0, shared), theirs);
    if (finite) ++check.states;
  }

  const LiftedStruct& s_;
  const RecordedStruct& recorded_;
  const detail::Hook& compiled_;
  const ir::Hook& lifted_;
  Randomness random_;
};

}  // namespace

HookCheck check_hook(const LiftedStruct& s, const RecordedStruct& recorded, const detail::Hook& compiled, const ir::Hook& lifted, int states, double tolerance) {
  return HookRunner(s, recorded, compiled, lifted).run(states, tolerance);
}

std::vector<HookCheck> ModelFile::lift_check(int states, double tolerance) const {
  std::vector<HookCheck> checks;
  if (!session_->recording) return checks;
  std::set<void (*)()> seen;
  const auto check = [&](const RecordedStruct& recorded, const std::string& owner) {
    if (!seen.insert(recorded.key).second) return;
    const LiftedStruct& s = *session_->by_key.at(recorded.key);
    static const std::pair<const char*, ir::Trigger> names[] = {
        {"start", ir::Trigger::start}, {"flow", ir::Trigger::flow}, {"step", ir::Trigger::step}, {"fires", ir::Trigger::fires}, {"reset", ir::Trigger::reset},
        {"pre_spike", ir::Trigger::pre_spike}, {"spike", ir::Trigger::spike}, {"score", ir::Trigger::score}, {"loss", ir::Trigger::loss}};
    for (const detail::Hook& hook : recorded.hooks)
      for (const auto& [name, trigger] : names)
        if (hook.run && std::strcmp(hook.name, name) == 0 && s.model.has(trigger)) {
          checks.push_back(check_hook(s, recorded, hook, s.model.hooks.at(trigger), states, tolerance));
          checks.back().owner = owner;
        }
  };
  const Recording& recording = *session_->recording;   // in the order of the Network's records
  for (std::size_t k = 0; k < recording.populations.size(); ++k) check(recording.populations[k].model, network_.populations.at(k).name);
  for (std::size_t k = 0; k < recording.projections.size(); ++k) check(recording.projections[k].model, network_.projections.at(k).name);
  for (std::size_t k = 0; k < recording.readouts.size(); ++k) check(recording.readouts[k].model, network_.readouts.at(k).population);
  for (std::size_t k = 0; k < recording.losses.size(); ++k) check(recording.losses[k].model, network_.losses.at(k).readout);
  return checks;
}

}  // namespace antidrome::frontend
