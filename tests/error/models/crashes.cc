#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  int* nowhere = nullptr;
  *nowhere = 1;
  net.source("input", 5);
}
