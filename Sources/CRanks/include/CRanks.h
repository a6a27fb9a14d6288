// MPI as Ranks needs it, on all processes that mpirun started. MPI's handles are macros (addresses of globals in Open
// MPI, casts of integers in MPICH), which Swift can't import: they stay here. Where the package is built without its
// trait MPI nothing of this asks for MPI, and there is one process.
//
// All processes make the same calls in the same order, one at a time. 0: it went well; else MPI's error.
#ifndef CRANKS_H
#define CRANKS_H

#include <stdbool.h>

/// Whether MPI is built in.
bool cranks_has_mpi(void);

/// Joins the others.
int cranks_begin(void);

int cranks_rank(void);
int cranks_count(void);

/// "Open MPI v4.1.4": into `name`, of `room` bytes.
void cranks_library(char *name, int room);

/// counts[r] = rank r's `count`.
int cranks_gather_counts(int count, int *counts);

/// all[places[r] ..< places[r] + counts[r]] = rank r's bytes.
int cranks_gather(const void *bytes, const int *counts, const int *places, void *all);

/// values[i] = ((rank 0's + rank 1's) + rank 2's) + ... of each i < count: the same bits on every rank, whatever MPI's
/// own reduction would do. Each rank adds a part of the values for all (a reduce-scatter and an allgather).
///
/// `room`: for count + the number of ranks Floats.
int cranks_sum(float *values, int count, float *room);

/// Says goodbye, together with all others.
void cranks_end(void);

/// Ends all processes with this exit code. Doesn't return.
void cranks_abort(int code);

/// What an error is called: into `text`, of `room` bytes.
void cranks_describe(int error, char *text, int room);

#endif
