#include <antidrome/library.h>
using namespace antidrome;

void network(Network&) { __builtin_abort(); }
