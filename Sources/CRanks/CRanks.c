#include "CRanks.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(WGAN_MPI)
#include <mpi.h>
#include <string.h>

bool cranks_has_mpi(void) { return true; }

int cranks_begin(void) {
  int provided;
  // Steps are made by one thread at a time, not always by the one that began.
  int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  if (!error) error = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return error ? error : provided < MPI_THREAD_SERIALIZED ? MPI_ERR_OTHER : 0;
}

int cranks_rank(void) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int cranks_count(void) {
  int count = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  return count;
}

void cranks_library(char *name, int room) {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length;
  MPI_Get_library_version(text, &length);
  snprintf(name, (size_t)room, "%.*s", (int)strcspn(text, ",\n"), text);
}

int cranks_gather_counts(int count, int *counts) {
  return MPI_Allgather(&count, 1, MPI_INT, counts, 1, MPI_INT, MPI_COMM_WORLD);
}

int cranks_gather(const void *bytes, const int *counts, const int *places, void *all) {
  return MPI_Allgatherv(bytes, counts[cranks_rank()], MPI_BYTE, all, counts, places, MPI_BYTE, MPI_COMM_WORLD);
}

int cranks_sum(float *values, int count, float *room) {
  int ranks = cranks_count(), rank = cranks_rank();
  int *numbers = malloc(4 * (size_t)ranks * sizeof *numbers);
  if (!numbers) return MPI_ERR_NO_MEM;
  int *counts = numbers, *places = numbers + ranks, *own = numbers + 2 * ranks, *from = numbers + 3 * ranks;
  for (int r = 0; r < ranks; r++) {
    places[r] = (int)((long)count * r / ranks);
    counts[r] = (int)((long)count * (r + 1) / ranks) - places[r];
  }
  for (int r = 0; r < ranks; r++) {
    own[r] = counts[rank];
    from[r] = r * counts[rank];
  }
  int error = MPI_Alltoallv(values, counts, places, MPI_FLOAT, room, own, from, MPI_FLOAT, MPI_COMM_WORLD);
  if (!error) {
    float *part = values + places[rank];
    memcpy(part, room, (size_t)counts[rank] * sizeof *part);
    for (int r = 1; r < ranks; r++)
      for (int i = 0; i < counts[rank]; i++) part[i] += room[from[r] + i];
    error = MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, counts, places, MPI_FLOAT, MPI_COMM_WORLD);
  }
  free(numbers);
  return error;
}

void cranks_end(void) { MPI_Finalize(); }

void cranks_abort(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  abort();
}

void cranks_describe(int error, char *text, int room) {
  char words[MPI_MAX_ERROR_STRING] = "";
  int length;
  MPI_Error_string(error, words, &length);
  snprintf(text, (size_t)room, "%s", words);
}

#else

bool cranks_has_mpi(void) { return false; }
int cranks_begin(void) { return -1; }
int cranks_rank(void) { return 0; }
int cranks_count(void) { return 1; }
void cranks_library(char *name, int room) { snprintf(name, (size_t)room, "none"); }
int cranks_gather_counts(int count, int *counts) { return (void)count, (void)counts, -1; }
int cranks_gather(const void *bytes, const int *counts, const int *places, void *all) {
  return (void)bytes, (void)counts, (void)places, (void)all, -1;
}
int cranks_sum(float *values, int count, float *room) { return (void)values, (void)count, (void)room, -1; }
void cranks_end(void) {}
void cranks_abort(int code) { exit(code); }
void cranks_describe(int error, char *text, int room) { (void)error, snprintf(text, (size_t)room, "no MPI"); }

#endif
