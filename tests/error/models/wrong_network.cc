#include <antidrome/library.h>
using namespace antidrome;

void network(Network net) { net.source("input", 5); }
