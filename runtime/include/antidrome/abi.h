/* The contract between a generated simulator and whoever drives it: plain C, versioned, no allocation on the simulator's side.
 *
 * Every backend (openmp, reference, cuda) hands out one `antidrome_simulator`. The runtime owns all memory: parameters,
 * gradients, outputs and the workspace (a simulator on a device may hold a copy of the parameters there: put, fetch). Numbers of the model (initial values, bounds, names of readouts) are not here but in
 * the manifest beside the simulator, so that changing a number never recompiles anything.
 *
 * Layout of a parameter with R rows and C columns (shared: 1 x 1, per neuron: 1 x C, per synapse: source x target):
 * row r begins at element r * stride, stride >= C, rows are 64-byte aligned, padding elements are zero and stay zero.
 */
#ifndef ANTIDROME_ABI_H
#define ANTIDROME_ABI_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define ANTIDROME_ABI_VERSION 4u

/* Events of one source in one sample, sorted by time; `unit`/`time_ms` are parallel. `step_begin` cuts them into time steps
 * (event e belongs to step n when step_begin[n] <= e < step_begin[n+1]); `unit_begin`/`step` hold the same events by unit. */
typedef struct {
  const uint32_t* step_begin;  /* steps + 1 */
  const uint16_t* unit;        /* events */
  const double* time_ms;       /* events; read in exact mode only, may be null in grid mode */
  const uint32_t* unit_begin;  /* units + 1 */
  const uint16_t* step;        /* events, ordered by unit, then by time */
} antidrome_events;

typedef struct {
  const antidrome_events* sources; /* one per source population, in manifest order */
  uint64_t index;                  /* index of the sample in its data set: the key of every random draw */
  int32_t label;                   /* -1: none */
} antidrome_sample;

/* What one call has of a batch that several processes ("ranks") work on. All zero: the call has the whole batch. */
typedef struct {
  uint32_t samples;        /* of the whole batch */
  uint32_t first_sample;   /* the first of this call in the whole batch */
  uint32_t first_chunk;    /* likewise of the partial sums of the gradient */
  uint32_t own_chunks;     /* partial sums that this call computes; none where it has no samples */
} antidrome_share;

typedef struct {
  double dt_ms;
  uint32_t steps;          /* of one trial; the trial lasts steps * dt_ms */
  uint32_t batch;          /* samples in this call */
  uint32_t threads;        /* workers; results do not depend on it */
  uint32_t chunks;         /* partial sums of the gradient of a batch; a constant of the run, never the number of threads or ranks */
  uint32_t spike_capacity; /* spikes of one sample (all populations) that the tape can hold */
  uint32_t event_capacity; /* exact mode: segments between events of one sample that the tape can hold */
  uint64_t seed;
  uint64_t epoch;
  uint8_t training;        /* what training() answers */
  uint8_t backward;        /* 1: gradients are computed too */
  antidrome_share share;
} antidrome_settings;

/* The share that a call has: what is left to be understood, spelt out. */
static inline antidrome_share antidrome_share_of(const antidrome_settings* s) {
  antidrome_share whole = {s->batch, 0, 0, 0};
  const uint32_t chunks = s->chunks ? s->chunks : 1;
  whole.own_chunks = s->batch < chunks ? s->batch : chunks;
  return s->share.samples ? s->share : whole;
}
/* Chunk q of a call has its samples [begin(q), begin(q + 1)): those of the whole batch are cut into min(chunks, samples) parts. */
static inline uint32_t antidrome_chunk_begin(const antidrome_settings* s, uint32_t q) {
  const antidrome_share share = antidrome_share_of(s);
  const uint32_t wanted = s->chunks ? s->chunks : 1, chunks = share.samples < wanted ? share.samples : wanted;
  return chunks ? (uint32_t)((uint64_t)share.samples * (share.first_chunk + q) / chunks) - share.first_sample : 0;
}

enum {
  ANTIDROME_OK = 0,
  ANTIDROME_TAPE_OVERFLOW = 1,     /* spike_capacity or event_capacity too small: enlarge and run the batch again */
  ANTIDROME_NONFINITE_FORWARD = 2, /* NaN or infinity in a state */
  ANTIDROME_NONFINITE_BACKWARD = 3 /* NaN or infinity in an adjoint or gradient */
};

typedef struct {
  uint32_t code;
  uint32_t population; /* where a non-finite value was seen; UINT32_MAX when not located */
  uint32_t neuron;
  uint32_t variable;   /* index into the population's states in the manifest */
  uint32_t step;
  uint32_t spikes;     /* of all populations in this sample */
  uint32_t clamped;    /* threshold slopes that the grazing policy clamped in the backward pass */
  uint32_t missed;     /* exact mode: events at the same instant whose order was decided by the tie rule */
} antidrome_status;

/* Spikes and state traces of one chosen sample, written when `antidrome_batch.record` is set. */
typedef struct {
  uint32_t sample;           /* slot in the batch */
  uint32_t spike_capacity;   /* per population */
  uint32_t* const* spike_unit;   /* per population: [spike_capacity]; null where not wanted */
  double* const* spike_time_ms;  /* per population: [spike_capacity] */
  uint32_t* spike_count;         /* per population: spikes emitted (may exceed the capacity) */
  float* const* trace;           /* per (population, state) in manifest order, flattened: [steps][neurons], the value at the end of
                                    each step, after reset; null where not wanted */
  float* const* adjoint;     /* grid mode, with `backward`: like trace, d(loss of the sample)/d(state at the beginning of each step, before
                                its arrivals); may be null. States without an adjoint (counts) are left alone */
} antidrome_record;

/* One array of partial sums: that of this call's chunk q begins chunk_bytes * q bytes after `parts`. */
typedef struct {
  const void* parts;
  void* sum;               /* receives the sum over all chunks of the batch, in their order: ((c0 + c1) + c2) + ... */
  uint64_t chunk_bytes;
  uint64_t elements;
  uint32_t element_bytes;  /* 4: float, 8: double */
} antidrome_partial;

enum { ANTIDROME_ROWS_OF_SAMPLES = 0, ANTIDROME_ROWS_OF_CHUNKS = 1 };

/* How the ranks that share a batch exchange what they have. Every rank's run() makes the same calls in the same order, all from the
 * thread that called run(); they return when the other ranks have made theirs. Sums are taken in the caller's floating-point mode. */
typedef struct {
  void* self;
  /* rows: one for each sample (or chunk) of the whole batch, row_bytes each. Those of this call are filled in; on return all are. */
  void (*gather)(void* self, int rows_of, void* rows, uint64_t row_bytes);
  void (*sum)(void* self, const antidrome_partial* arrays, uint32_t n);
  /* gather() of memory of the device that the simulator runs on, when what was written there is complete; null where it must come to the host */
  void (*gather_device)(void* self, int rows_of, void* rows, uint64_t row_bytes);
} antidrome_exchange;

enum { ANTIDROME_ADAM = 0, ANTIDROME_SGD = 1 };

/* How a step moves one parameter. */
typedef struct {
  uint32_t moves;          /* 0: it stays as it is */
  double rate, keep;       /* keep: what the step leaves of a weight beside moving it (adamw: 1 - rate * decay) */
  double low, high;        /* bounds of its elements, infinite where there are none */
} antidrome_move;

/* A step of the optimiser that follows the backward pass: with g = (sum of the batch's gradients) / samples, less where its norm exceeds clip,
 *   adam: m := beta1 m + (1 - beta1) g, v := beta2 v + (1 - beta2) g^2, w := keep w - rate (m correct1) / (sqrt(v correct2) + epsilon)
 *   sgd:  m := momentum m + g,          w := w - rate m
 * and w into its bounds. Numbers are rounded to the simulator's precision first; every operation is rounded by itself. Where a sample failed or
 * a loss or the gradient is not finite, nothing moves. Several ranks take the same step of the same sum. */
typedef struct {
  uint32_t kind;
  double beta1, beta2, correct1, correct2, epsilon, momentum;
  double clip;             /* largest norm of the mean gradient over all parameters; 0: any */
  double samples;          /* of the whole batch */
  const antidrome_move* moves;  /* manifest order */
  double* squared_norms;   /* receives, per parameter, the squared norm of the SUM of its gradients; 0 where it is not trainable */
  uint32_t taken;          /* receives 1 where the step was taken */
} antidrome_update;

/* What a simulator may hold between calls: the parameters, and what the optimiser keeps beside them (m and v; sgd: m). */
typedef struct {
  void* const* parameters; /* manifest order */
  void* const* moments[2]; /* manifest order, null where not trainable; null: not wanted, and no steps are asked for */
} antidrome_state;

/* The samples of the batch that follows. */
typedef struct {
  const antidrome_sample* samples;
  uint32_t batch;
  uint64_t number;         /* what antidrome_batch.number will be */
} antidrome_next;

typedef struct {
  const antidrome_settings* settings;
  const antidrome_sample* samples;   /* batch */
  const void* const* parameters;     /* manifest order, element type = precision; null: those that the simulator holds (put), which others replace */
  void* const* gradients;            /* manifest order, same layout; null where not trainable. Overwritten with the SUM over the batch. With `update` null where they are not wanted */
  double* loss;                      /* [batch]: total loss of each sample */
  double* scores;                    /* [batch][n_scores]: score() of the first loss's readout; may be null */
  int32_t* prediction;               /* [batch]: the label for which the first loss is smallest; -1 on a tie or without labels; may be null */
  uint32_t* spike_counts;            /* [batch][all neurons of non-source populations, manifest order]; may be null */
  antidrome_status* status;          /* [batch] */
  const antidrome_record* record;    /* may be null */
  double* times_s;                   /* [3] CPU seconds of all workers: forward, adjoint, gradient; added to; may be null */
  void* workspace;                   /* 64-byte aligned, workspace_bytes() large; contents need not survive between calls */
  const antidrome_exchange* exchange; /* where settings->share is a part of a batch: gradients are the SUM over the whole batch, on every rank. Else null */
  uint64_t number;                   /* of the samples: what has the same number has the same content; 0: not told */
  antidrome_update* update;          /* with `backward`, where the simulator can put(): a step of the parameters that it holds; may be null */
  const antidrome_next* next;        /* may be brought to the simulator's device while it computes; may be null */
} antidrome_batch;

typedef struct {
  uint32_t abi_version;
  uint32_t precision;       /* bytes of a real: 4 or 8 */
  uint32_t lanes;           /* reals per vector: part of the run's fingerprint */
  const char* fingerprint;  /* of the structure this code was generated from; equals the manifest's */
  const char* backend;      /* "openmp", "reference" */
  uint32_t shares;          /* 1: run() takes a share of a batch */
  uint32_t n_parameters;
  const uint32_t* strides;  /* per parameter, in elements */
  void* self;               /* passed back to the functions below */
  /* bytes of the workspace; *tape_bytes (may be null) receives the share that is tape, for the whole batch */
  uint64_t (*workspace_bytes)(void* self, const antidrome_settings*, uint64_t* tape_bytes);
  int (*run)(void* self, const antidrome_batch*); /* 0, or a code of ANTIDROME_... when any sample failed */
  /* Null where parameters stay with the host: then run() has neither `update` nor null parameters. */
  void (*put)(void* self, const antidrome_state*);    /* the simulator takes the host's over */
  void (*fetch)(void* self, const antidrome_state*);  /* the host gets the simulator's; moments may be null */
} antidrome_simulator;

/* The one exported symbol of a simulator library. `directory` is the folder that holds the manifest (the reference backend
 * reads its program there). Returns null on failure and writes a message. */
typedef const antidrome_simulator* (*antidrome_open_fn)(const char* directory, char* message, uint64_t message_bytes);
#define ANTIDROME_OPEN_SYMBOL "antidrome_open"

#ifdef __cplusplus
}
#endif
#endif
