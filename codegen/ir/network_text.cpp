// network "yinyang.cc"
// learn EventProp clamp 1000
// option hidden = 200
// population hidden 200 automatic {
//   model Lif {
//     param tau_mem = 0
//     on flow { v' = (i - v) / tau_mem }
//   }
//   value tau_mem = 20 trainable
// }
#include <fmt/format.h>

#include "codegen/ir/record_text.hpp"

namespace antidrome::ir {
namespace {

using namespace detail;

constexpr Words<Role, 7> roles{{{Role::param, "param"}, {Role::weight, "weight"}, {Role::state, "state"}, {Role::memory, "memory"},
                                {Role::input, "input"}, {Role::count, "count"}, {Role::spike, "spike"}}};
constexpr Words<Trigger, 14> triggers{{{Trigger::start, "start"}, {Trigger::flow, "flow"}, {Trigger::step, "step"}, {Trigger::fires, "fires"},
                                       {Trigger::reset, "reset"}, {Trigger::end, "end"}, {Trigger::slope, "slope"}, {Trigger::pre_spike, "pre_spike"},
                                       {Trigger::post_spike, "post_spike"}, {Trigger::keep, "keep"}, {Trigger::spike, "spike"}, {Trigger::score, "score"},
                                       {Trigger::loss, "loss"}, {Trigger::update, "update"}}};

// ---- writing

std::string effect_text(const Effect& e) {
  const char* sign = e.kind == Effect::Kind::derivative ? "' =" : e.kind == Effect::Kind::contribute ? " +=" : " :=";
  return fmt::format("      {}{} {}{}\n", word_text(e.target), sign, print(e.value), place_text(e.at));
}

std::string model_text(const Model& m) {
  std::string out = fmt::format("  model {}{} {{\n", word_text(m.name), place_text(m.at));
  for (const Symbol& s : m.symbols)
    out += fmt::format("    {} {} = {}{}\n", word_of(roles, s.role), word_text(s.name), number_text(s.initial), place_text(s.at));
  for (const auto& [trigger, hook] : m.hooks) {
    out += fmt::format("    on {}{} {{\n", word_of(triggers, trigger), place_text(hook.at));
    for (const Effect& e : hook.effects) out += effect_text(e);
    if (hook.result.defined()) out += fmt::format("      return {}\n", print(hook.result));
    out += "    }\n";
  }
  return out + "  }\n";
}

std::string body_text(const Model& model, const Values& values) {
  std::string out = model_text(model);
  for (const auto& [name, value] : values) out += fmt::format("  value {} = {}\n", word_text(name), value_text(value));
  return out + "}\n";
}

std::string population_text(const Population& p) {
  return fmt::format("{} {} {} {}{} {{\n", p.source ? "source" : "population", word_text(p.name), p.size, word_of(solvers, p.solver), place_text(p.at)) +
         body_text(p.model, p.values);
}

std::string projection_text(const Projection& p) {
  std::string out = fmt::format("projection {} from {} to {} {}", word_text(p.name), word_text(p.pre), word_text(p.post), connectivity_text(p.connectivity));
  if (p.delay_steps) out += fmt::format(" delay {}", *p.delay_steps);
  if (p.delay) out += fmt::format(" ms {}", value_text(*p.delay));
  return out + place_text(p.at) + " {\n" + body_text(p.model, p.values);
}

std::string readout_text(const Readout& r) {
  return fmt::format("readout {} of {}{} {{\n", word_text(r.name), word_text(r.population), place_text(r.at)) + body_text(r.model, r.values);
}

std::string loss_text(const Loss& l) {
  return fmt::format("loss {} of {} {} scale {}{}{} {{\n", word_text(l.name), word_text(l.readout), word_of(whens, l.when), number_text(l.scale),
                     l.labelled ? " labelled" : "", place_text(l.at)) +
         body_text(l.model, l.values);
}

// ---- reading

Effect read_effect(Reader& in) {
  Effect e;
  e.target = in.name();
  if (in.accept_sign("'")) {
    e.kind = Effect::Kind::derivative;
    in.expect_sign("=");
  } else if (in.accept_sign("+=")) {
    e.kind = Effect::Kind::contribute;
  } else {
    in.expect_sign(":=");
  }
  e.value = in.expression();
  e.at = in.place();
  return e;
}

Hook read_hook(Reader& in) {
  Hook hook;
  hook.at = in.place();
  in.expect_sign("{");
  while (!in.accept_sign("}")) {
    if (in.accept_word("return")) hook.result = in.expression();
    else hook.effects.push_back(read_effect(in));
  }
  return hook;
}

Model read_model(Reader& in) {
  Model m;
  in.expect_word("model");
  m.name = in.name();
  m.at = in.place();
  in.expect_sign("{");
  while (!in.accept_sign("}")) {
    if (in.accept_word("on")) {
      const Trigger trigger = read_word(in, triggers, "the name of a hook");
      m.hooks[trigger] = read_hook(in);
      continue;
    }
    Symbol s;
    s.role = read_word(in, roles, "a role, 'on' or '}'");
    s.name = in.name();
    in.expect_sign("=");
    s.initial = in.number();
    s.at = in.place();
    m.symbols.push_back(std::move(s));
  }
  return m;
}

void read_body(Reader& in, Model& model, Values& values) {
  in.expect_sign("{");
  model = read_model(in);
  while (!in.accept_sign("}")) {
    in.expect_word("value");
    const std::string name = in.name();
    in.expect_sign("=");
    values[name] = read_value(in);
  }
}

Population read_population(Reader& in, bool source) {
  Population p;
  p.source = source;
  p.name = in.name();
  p.size = in.integer();
  p.solver = read_word(in, solvers, "a solver");
  p.at = in.place();
  read_body(in, p.model, p.values);
  return p;
}

Projection read_projection(Reader& in) {
  Projection p;
  p.name = in.name();
  in.expect_word("from");
  p.pre = in.name();
  in.expect_word("to");
  p.post = in.name();
  p.connectivity = read_connectivity(in);
  if (in.accept_word("delay")) p.delay_steps = in.integer();
  if (in.accept_word("ms")) p.delay = read_value(in);
  p.at = in.place();
  read_body(in, p.model, p.values);
  return p;
}

Readout read_readout(Reader& in) {
  Readout r;
  r.name = in.name();
  in.expect_word("of");
  r.population = in.name();
  r.at = in.place();
  read_body(in, r.model, r.values);
  return r;
}

Loss read_loss(Reader& in) {
  Loss l;
  l.name = in.name();
  in.expect_word("of");
  l.readout = in.name();
  l.when = read_word(in, whens, "end or each_step");
  in.expect_word("scale");
  l.scale = in.number();
  l.labelled = in.accept_word("labelled");
  l.at = in.place();
  read_body(in, l.model, l.values);
  return l;
}

}  // namespace

std::string print(const Network& n) {
  std::string out = fmt::format("network {}\n", quoted(n.model_file)) + learn_text(n.learn);
  for (const auto& [name, value] : n.options) out += fmt::format("option {} = {}\n", word_text(name), number_text(value));
  for (const Population& p : n.populations) out += population_text(p);
  for (const Projection& p : n.projections) out += projection_text(p);
  for (const Readout& r : n.readouts) out += readout_text(r);
  for (const Loss& l : n.losses) out += loss_text(l);
  return out;
}

Network parse_network(std::string_view text) {
  Reader in(text);
  Network n;
  in.expect_word("network");
  n.model_file = in.name();
  n.learn = read_learn(in);
  while (!in.at_end()) {
    if (in.accept_word("option")) {
      const std::string name = in.name();
      in.expect_sign("=");
      n.options[name] = in.number();
    } else if (in.accept_word("source")) n.populations.push_back(read_population(in, true));
    else if (in.accept_word("population")) n.populations.push_back(read_population(in, false));
    else if (in.accept_word("projection")) n.projections.push_back(read_projection(in));
    else if (in.accept_word("readout")) n.readouts.push_back(read_readout(in));
    else if (in.accept_word("loss")) n.losses.push_back(read_loss(in));
    else in.fail("option, source, population, projection, readout or loss");
  }
  return n;
}

}  // namespace antidrome::ir
