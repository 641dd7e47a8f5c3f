#include <antidrome/library.h>
using namespace antidrome;

struct Broken {};

void network(Network&) { throw Broken(); }
