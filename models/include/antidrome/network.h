// How a network is put together: network(Network&) is plain C++, run once by the generator.
#pragma once
#include <antidrome/recorder.h>
#include <antidrome/units.h>

namespace antidrome {

enum class Solver { automatic, exact, euler, exponential_euler, rk4 };
struct PopulationOptions {
  Solver solver = Solver::automatic;
};

// ---- connectivity
struct Dense {
  bool self = true;  ///< synapses from a neuron to itself
};
struct OneToOne {};
struct Sparse {
  real probability = 0.1;
  bool self = true;
};

/// Whole steps, milliseconds, or their sum: `3_steps`, `30_ms`, `1_steps + 30_ms * k`, `trainable(uniform(0_ms, 150_ms))`.
struct Delay {
  detail::DelayRecord record;
  Delay() = default;
  Delay(Steps s) { record.steps = s.n, record.in_steps = true; }
  Delay(Value ms) { record.ms = ms, record.in_ms = true; }
  Delay(real ms) : Delay(Value(ms)) {}
};
inline Delay operator+(Steps s, Value ms) {
  Delay d(ms);
  d.record.steps = s.n, d.record.in_steps = true;
  return d;
}
struct ConnectOptions {
  Delay delay = {};
  real max_delay = __builtin_inf();  ///< ms; a delay is kept within [0, max_delay]. Trained delays need it
};

// ---- learning rules
struct EventProp {
  real clamp = 1e3;  ///< |1 / (dg/dt)| at a grazing spike is limited to this; such spikes are counted
};
struct Bptt {
  real slope = 10;
};
struct Eprop {};
struct Mdgl {};

struct When {
  bool each_step;
};
inline constexpr When at_end{false}, each_step{true};
enum class Unit { step, trial, batch, epoch };

namespace detail {
/// A name: a literal, or anything with c_str().
struct Name {
  char text[96] = {};
  constexpr Name(const char* s) { append(s); }
  template <class String>
    requires requires(const String& s) { s.c_str(); }
  Name(const String& s) : Name(s.c_str()) {}
  constexpr void append(const char* s) {
    int n = 0;
    while (text[n]) ++n;
    while (*s && n < 95) text[n++] = *s++;
  }
};

/// One word out of several: what Network::choice returns.
struct Word {
  const char* text = "";
  constexpr bool operator==(const char* other) const {
    const char* mine = text;
    while (*mine && *mine == *other) ++mine, ++other;
    return *mine == *other;
  }
};

}  // namespace detail

/// numbered("hidden", 2) is the name "hidden2".
constexpr detail::Name numbered(const char* stem, int number) {
  char digits[12] = {};
  int n = 11;
  do digits[--n] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  detail::Name name(stem);
  name.append(digits + n);
  return name;
}

/// The neurons of a source: events from the data.
struct Channel {
  spike z;
};

template <class Neuron>
struct Population {
  int id = -1;
};
template <class Synapse, class Pre, class Post>
struct Projection {
  int id = -1;
};
template <class Out, class Neuron>
struct Readout {
  int id = -1;
};

namespace detail {

template <class T>
T& object(const Call& call, int k) {
  return *static_cast<T*>(call.objects[k]);
}

// A thunk for `hook` on these types, or null where the struct has no such hook. Taking its address makes Clang define the
// hook for these very types, so that a misfit is its error, at the user's column.
template <class Self, class Hook>
constexpr Thunk thunk(Hook) {
  if constexpr (requires(Hook hook, Self& self) { hook(self); })
    return [](const Call& call) -> real {
      context = *call.context;
      if constexpr (requires(real& x, Self& self) { x = Hook{}(self); }) return Hook{}(object<Self>(call, 0));
      else return Hook{}(object<Self>(call, 0)), real{};
    };
  else return nullptr;
}
template <class Self, class Other, class Hook>
constexpr Thunk thunk(Hook) {
  if constexpr (requires(Hook hook, Self& self, Other& other) { hook(self, other); })
    return [](const Call& call) -> real { return context = *call.context, Hook{}(object<Self>(call, 0), object<Other>(call, 1)), real{}; };
  else return nullptr;
}
template <class Self, class Pre, class Post, class Hook>
constexpr Thunk thunk(Hook) {
  if constexpr (requires(Hook hook, Self& self, Pre& pre, Post& post) { hook(self, pre, post); })
    return [](const Call& call) -> real {
      return context = *call.context, Hook{}(object<Self>(call, 0), object<Pre>(call, 1), object<Post>(call, 2)), real{};
    };
  else return nullptr;
}

template <class Key, class Model, int N>
Struct structure(Key* key, const Hook (&hooks)[N], const Model& model) {
  return {reinterpret_cast<void (*)()>(key), hooks, N, &model, static_cast<int>(sizeof(Model))};
}

// The four kinds of struct with the hooks that each may have. The generator finds these instances in the syntax tree.
template <class M>
Struct neuron_struct(const M& model) {
  static constexpr Hook hooks[] = {
      {"start", thunk<M>([](auto& m) -> decltype(m.start()) { return m.start(); })},
      {"flow", thunk<M>([](auto& m) -> decltype(m.flow()) { return m.flow(); })},
      {"step", thunk<M>([](auto& m) -> decltype(m.step()) { return m.step(); })},
      {"fires", thunk<M>([](auto& m) -> decltype(m.fires()) { return m.fires(); })},
      {"reset", thunk<M>([](auto& m) -> decltype(m.reset()) { return m.reset(); })},
      {"end", thunk<M>([](auto& m) -> decltype(m.end()) { return m.end(); })}};
  return structure(&neuron_struct<M>, hooks, model);
}
template <class S, class Pre, class Post>
Struct synapse_struct(const S& model) {
  static constexpr Hook hooks[] = {
      {"flow", thunk<S, Pre, Post>([](auto& s, auto& pre, auto& post) -> decltype(s.flow(pre, post)) { return s.flow(pre, post); })},
      {"step", thunk<S, Pre, Post>([](auto& s, auto& pre, auto& post) -> decltype(s.step(pre, post)) { return s.step(pre, post); })},
      {"pre_spike", thunk<S, Pre, Post>([](auto& s, auto& pre, auto& post) -> decltype(s.pre_spike(pre, post)) { return s.pre_spike(pre, post); })},
      {"post_spike", thunk<S, Pre, Post>([](auto& s, auto& pre, auto& post) -> decltype(s.post_spike(pre, post)) { return s.post_spike(pre, post); })},
      {"keep", thunk<S>([](auto& s) -> decltype(s.keep()) { return s.keep(); })}};
  return structure(&synapse_struct<S, Pre, Post>, hooks, model);
}
template <class R, class Neuron>
Struct readout_struct(const R& model) {
  static constexpr Hook hooks[] = {
      {"flow", thunk<R, Neuron>([](auto& r, auto& neuron) -> decltype(r.flow(neuron)) { return r.flow(neuron); })},
      {"step", thunk<R, Neuron>([](auto& r, auto& neuron) -> decltype(r.step(neuron)) { return r.step(neuron); })},
      {"spike", thunk<R, Neuron>([](auto& r, auto& neuron) -> decltype(r.spike(neuron)) { return r.spike(neuron); })},
      {"score", thunk<R>([](auto& r) -> decltype(r.score()) { return r.score(); })}};
  return structure(&readout_struct<R, Neuron>, hooks, model);
}

template <class L, class R>
inline constexpr bool labelled = requires(L& l, Range<const R>& out, label y) { l.loss(out, y); };

template <class L, class R>
real run_loss(const Call& call) {
  context = *call.context;
  const Range<const R> out{&object<const R>(call, 1), call.elements};
  if constexpr (labelled<L, R>) return object<L>(call, 0).loss(out, call.y);
  else return object<L>(call, 0).loss(out);
}
template <class L, class R>
Struct loss_struct(const L& model) {
  static constexpr Hook hooks[] = {{"loss", &run_loss<L, R>}};
  return structure(&loss_struct<L, R>, hooks, model);
}

inline Connection connection(Dense c) { return {0, 1, c.self}; }
inline Connection connection(OneToOne) { return {1, 1, true}; }
inline Connection connection(Sparse c) { return {2, c.probability, c.self}; }

}  // namespace detail

class Network {
  using Site = detail::Site;
  using Name = detail::Name;
  using Word = detail::Word;

 public:
  explicit Network(detail::Recorder& recorder) : recorder_(recorder) {}

  /// A number that `--set name=value` changes. It becomes part of the structure: another value is another simulator.
  int option(Name name, int fallback, Site at = Site::here()) { return static_cast<int>(recorder_.number_option(name.text, fallback, true, at)); }
  real option(Name name, real fallback, Site at = Site::here()) { return recorder_.number_option(name.text, fallback, false, at); }
  bool flag(Name name, bool fallback = false, Site at = Site::here()) { return recorder_.flag_option(name.text, fallback, at); }
  /// One of several words, the first unless `--set` says otherwise: `if (net.choice("loss", {"sum", "max"}) == "max") …`
  template <int N>
  Word choice(Name name, const char* const (&words)[N], Site at = Site::here()) {
    return {recorder_.choice_option(name.text, words, N, at)};
  }

  /// Neurons whose spikes come from the data.
  Population<Channel> source(Name name, int size, Site at = Site::here()) {
    return {recorder_.source(name.text, size, detail::neuron_struct(Channel{}), at)};
  }
  template <class Neuron>
  Population<Neuron> population(Name name, int size, Neuron model, PopulationOptions options = {}, Site at = Site::here()) {
    return {recorder_.population(name.text, size, detail::neuron_struct(model), static_cast<int>(options.solver), at)};
  }
  template <class Pre, class Post, class Connectivity, class Synapse>
  Projection<Synapse, Pre, Post> connect(Population<Pre> pre, Population<Post> post, Connectivity connectivity, Synapse model,
                                         ConnectOptions options = {}, Site at = Site::here()) {
    detail::DelayRecord delay = options.delay.record;
    delay.most = options.max_delay;
    return {recorder_.projection(pre.id, post.id, detail::connection(connectivity), detail::synapse_struct<Synapse, Pre, Post>(model), delay, at)};
  }
  template <class Neuron, class Out>
  Readout<Out, Neuron> read(Population<Neuron> population, Out model, Site at = Site::here()) {
    return {recorder_.readout(population.id, detail::readout_struct<Out, Neuron>(model), at)};
  }
  template <class Out, class Neuron, class Loss>
  void loss(Readout<Out, Neuron> readout, Loss model, When when = at_end, real scale = 1, Site at = Site::here()) {
    recorder_.loss(readout.id, detail::loss_struct<Loss, Out>(model), when.each_step, scale, detail::labelled<Loss, Out>, at);
  }

  void learn(EventProp rule, Site at = Site::here()) { recorder_.learn("EventProp", rule.clamp, at); }
  void learn(Bptt, Site at = Site::here()) { recorder_.unsupported("learning rule 'Bptt'", at); }
  void learn(Eprop, Site at = Site::here()) { recorder_.unsupported("learning rule 'Eprop'", at); }
  void learn(Mdgl, Site at = Site::here()) { recorder_.unsupported("learning rule 'Mdgl'", at); }

  /// Runs `update` once per period on a projection or population.
  template <class Update, class Target>
  void every(int, Unit, Update, Target, Site at = Site::here()) { recorder_.unsupported("'every'", at); }
  template <class Target>
  void rewire(int, Unit, real, Target, Site at = Site::here()) { recorder_.unsupported("'rewire'", at); }

 private:
  detail::Recorder& recorder_;
};

}  // namespace antidrome
