// What network() tells the generator: plain records through one abstract class. A model file never names these.
#pragma once
#include <antidrome/equations.h>
#include <antidrome/roles.h>

namespace antidrome::detail {

/// Where in the model file a call stands. (g++ has no column.)
struct Site {
  const char* file = "";
  int line = 0, column = 0;
#if defined(__clang__)
  static constexpr Site here(const char* f = __builtin_FILE(), int l = __builtin_LINE(), int c = __builtin_COLUMN()) { return {f, l, c}; }
#else
  static constexpr Site here(const char* f = __builtin_FILE(), int l = __builtin_LINE()) { return {f, l, 0}; }
#endif
};

/// Runs one hook on real objects: self first, then pre and post, or the neuron, or the elements that a loss sees.
struct Call {
  void* const* objects;
  int elements;
  label y;
  const Context* context;
};
using Thunk = real (*)(const Call&);

struct Hook {
  const char* name;
  Thunk run;  ///< null: the struct has no such hook
};

/// A model struct together with the types it works with. `key` is the function template instance that made it: the generator
/// finds the same instance in the syntax tree, and with it the types.
struct Struct {
  void (*key)();
  const Hook* hooks;
  int hook_count;
  const void* object;
  int bytes;
};

struct Connection {
  int kind;  ///< 0 dense, 1 one to one, 2 sparse
  real probability;
  bool self;
};

/// A delay is a number of whole steps, a value in ms, or the sum of both.
struct DelayRecord {
  Value ms;
  real most = __builtin_inf();  ///< .max_delay
  int steps = 0;
  bool in_ms = false, in_steps = false;
};

class Recorder {
 public:
  virtual real number_option(const char* name, real fallback, bool integer, Site) = 0;
  virtual bool flag_option(const char* name, bool fallback, Site) = 0;
  virtual const char* choice_option(const char* name, const char* const* choices, int n, Site) = 0;
  virtual int source(const char* name, int size, const Struct&, Site) = 0;
  virtual int population(const char* name, int size, const Struct&, int solver, Site) = 0;
  virtual int projection(int pre, int post, const Connection&, const Struct&, const DelayRecord&, Site) = 0;
  virtual int readout(int population, const Struct&, Site) = 0;
  virtual void loss(int readout, const Struct&, bool each_step, real scale, bool labelled, Site) = 0;
  virtual void learn(const char* rule, real clamp, Site) = 0;
  virtual void unsupported(const char* what, Site) = 0;  ///< in the language, but no pass can do it yet

 protected:
  ~Recorder() = default;
};

}  // namespace antidrome::detail
