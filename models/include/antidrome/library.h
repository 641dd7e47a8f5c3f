// The language together with the shipped neurons, synapses, readouts and losses.
#pragma once
#include <antidrome/losses.h>
#include <antidrome/model.h>
#include <antidrome/neurons.h>
#include <antidrome/readouts.h>
#include <antidrome/synapses.h>
