// The model language. A model file includes this header (or library.h, which adds the shipped neurons, synapses, readouts and
// losses), writes its equations as structs, and puts them together in `void network(Network& net)`.
#pragma once
#include <antidrome/equations.h>
#include <antidrome/network.h>
#include <antidrome/roles.h>
#include <antidrome/units.h>
