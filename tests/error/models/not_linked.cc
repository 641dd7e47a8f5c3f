#include <antidrome/library.h>
using namespace antidrome;

int layers_of_the_brain();

void network(Network& net) {
  net.source("input", layers_of_the_brain());
}
