#include <antidrome/library.h>
using namespace antidrome;

struct Cell {
  param tau = 20_ms, theta = 1;
  state v, i;
  void flow()  { d(v) = (i - v) / tau;  d(i) = -i / 5; }
  bool fires() { return v >= theta; }
  void reset() { v = 0; }
};
