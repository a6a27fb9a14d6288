// Stands between a program and the C library (LD_PRELOAD, Linux): counts the calls on files below one folder, and at
// one of them ends the process, or fails. Scripts/torture compiles and uses it.
//
//   TORTURE_FOLDER=/path  calls on files below it count, and on descriptors of such files
//   TORTURE_AT=change:17  the call that it happens at. Three counts, each in the same order in every run of one thread:
//                           change  what leaves something behind: making, writing, renaming, removing, syncing
//                           look    opening to read, status, listing, locking
//                           read    reading a file (other threads do that, so a number isn't always the same call)
//   TORTURE_DO=what       kill    the process ends before the call, with status 199 and nothing run any more
//                         half    the same, but half of the bytes are written before (of other calls: after the call)
//                         short   half of the bytes are written or read, and the call says so
//                         full    from this call on nothing that takes space works: ENOSPC
//                         EIO, ENOSPC, EACCES, EINTR   the call fails so, this once
//   TORTURE_LOG=/path     gets a line for the call that it happened at; with TORTURE_DO=list for every call
//
// No memory is allocated and no lock taken here: calls may come at any time, from any thread.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of open files: whether they count, and whether they can be written.
enum { OUTSIDE, READABLE, WRITABLE };
static _Atomic char files[4096];

typedef enum { CHANGE, LOOK, READ, KINDS } Kind;
static const char *const kindNames[KINDS] = {"change", "look", "read"};
static atomic_long counts[KINDS];

// What is to happen to a call.
typedef enum { GO_ON, HALF_THEN_END, SHORT, FAIL } Verdict;

static struct {
  char folder[PATH_MAX];
  size_t folderLength;
  Kind kind;
  long number;
  const char *what;
  int log;
} plan = {.log = -1};

static void end(void) { syscall(SYS_exit_group, 199); }

static void fatal(const char *text) {
  syscall(SYS_write, 2, text, strlen(text));
  syscall(SYS_exit_group, 198);
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("TORTURE_FOLDER"), *at = getenv("TORTURE_AT"), *log = getenv("TORTURE_LOG");
  plan.what = getenv("TORTURE_DO");
  if (!folder || !plan.what || strlen(folder) >= sizeof plan.folder) fatal("TORTURE_FOLDER or TORTURE_DO is missing\n");
  plan.number = -1;
  for (int kind = 0; at && kind < KINDS; kind++) {
    size_t length = strlen(kindNames[kind]);
    if (strncmp(at, kindNames[kind], length) == 0 && at[length] == ':') {
      plan.kind = (Kind)kind;
      plan.number = atol(at + length + 1);
    }
  }
  if (log) {
    int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    plan.log = (int)syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 1000);
    syscall(SYS_close, file);
  }
  strcpy(plan.folder, folder);
  plan.folderLength = strlen(folder);
}

static int isInside(const char *path) {
  return plan.folderLength && strncmp(path, plan.folder, plan.folderLength) == 0 && path[plan.folderLength] == '/';
}

static int stateOf(int file) { return file >= 0 && file < (int)(sizeof files) ? files[file] : OUTSIDE; }

static void note(Kind kind, long number, const char *call, const char *path) {
  if (plan.log < 0) return;
  char line[PATH_MAX + 100];
  int length = snprintf(line, sizeof line, "%s:%ld %s %s\n", kindNames[kind], number, call, path);
  syscall(SYS_write, plan.log, line, (size_t)length);
}

// Counts a call and says what is to happen to it. `takesSpace`: a full disk can refuse it.
static Verdict verdict(Kind kind, const char *call, const char *path, int takesSpace) {
  static atomic_int isFull;
  long number = ++counts[kind];
  if (strcmp(plan.what, "list") == 0) note(kind, number, call, path);
  if (isFull && takesSpace) {
    errno = ENOSPC;
    return FAIL;
  }
  if (kind != plan.kind || number != plan.number) return GO_ON;
  note(kind, number, call, path);
  if (strcmp(plan.what, "kill") == 0) end();
  if (strcmp(plan.what, "half") == 0) return HALF_THEN_END;
  if (strcmp(plan.what, "short") == 0) return SHORT;
  if (strcmp(plan.what, "full") == 0) {
    isFull = 1;
    errno = ENOSPC;
    // The bytes that there was room for.
    return strstr(call, "write") ? SHORT : takesSpace ? FAIL : GO_ON;
  }
  struct { const char *name; int code; } errors[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EACCES", EACCES}, {"EINTR", EINTR}};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    if (strcmp(plan.what, errors[i].name) == 0) {
      errno = errors[i].code;
      return FAIL;
    }
  }
  return GO_ON;
}

// The C library's own.
#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// A call that is counted where `counts` says so, and otherwise as it always was.
#define CALL(counts, kind, path, takesSpace, failed, expression) \
  do { \
    if (!(counts)) return expression; \
    Verdict v = verdict(kind, __func__, path, takesSpace); \
    if (v == FAIL) return failed; \
    __typeof__(expression) result = expression; \
    if (v == HALF_THEN_END) end(); \
    return result; \
  } while (0)

// MARK: - Paths

static int opened(int file, int flags) {
  if (file >= 0 && file < (int)(sizeof files)) files[file] = (flags & O_ACCMODE) == O_RDONLY ? READABLE : WRITABLE;
  return file;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    if (!isInside(path)) return real(path, flags, mode); \
    CALL(1, flags & O_CREAT ? CHANGE : LOOK, path, flags & O_CREAT, -1, opened(real(path, flags, mode), flags)); \
  }
OPEN(open)
OPEN(open64)

#define ON_PATH(name, kind, takesSpace, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    CALL(isInside(path), kind, path, takesSpace, -1, real arguments); \
  }
ON_PATH(mkdir, CHANGE, 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(rename, CHANGE, 0, (const char *path, const char *to), (path, to))
ON_PATH(unlink, CHANGE, 0, (const char *path), (path))
ON_PATH(rmdir, CHANGE, 0, (const char *path), (path))
ON_PATH(truncate, CHANGE, 0, (const char *path, off_t size), (path, size))
ON_PATH(stat, LOOK, 0, (const char *path, struct stat *status), (path, status))
ON_PATH(lstat, LOOK, 0, (const char *path, struct stat *status), (path, status))
ON_PATH(access, LOOK, 0, (const char *path, int mode), (path, mode))

DIR *opendir(const char *path) {
  REAL(opendir);
  if (!isInside(path)) return real(path);
  if (verdict(LOOK, __func__, path, 0) == FAIL) return NULL;
  DIR *folder = real(path);
  if (folder) opened(dirfd(folder), O_RDONLY);
  return folder;
}

struct dirent *readdir(DIR *folder) {
  REAL(readdir);
  CALL(stateOf(dirfd(folder)), LOOK, "", 0, NULL, real(folder));
}

int closedir(DIR *folder) {
  REAL(closedir);
  int file = dirfd(folder);
  if (file >= 0 && file < (int)(sizeof files)) files[file] = OUTSIDE;
  return real(folder);
}

// MARK: - Open files

#define ON_FILE(name, kind, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    CALL(stateOf(file), kind, "", 0, -1, real arguments); \
  }
ON_FILE(fsync, CHANGE, (int file), (file))
ON_FILE(fdatasync, CHANGE, (int file), (file))
ON_FILE(ftruncate, CHANGE, (int file, off_t size), (file, size))
ON_FILE(fstat, LOOK, (int file, struct stat *status), (file, status))
ON_FILE(flock, LOOK, (int file, int operation), (file, operation))

// One that fails has closed the file all the same, as on Linux.
int close(int file) {
  REAL(close);
  int state = stateOf(file);
  if (file == plan.log && file >= 0) return 0;
  if (!state) return real(file);
  files[file] = OUTSIDE;
  Verdict v = verdict(state == WRITABLE ? CHANGE : LOOK, __func__, "", 0);
  int code = errno, result = real(file);
  if (v == HALF_THEN_END) end();
  if (v != FAIL) return result;
  errno = code;
  return -1;
}

// The calls that move bytes, which may move fewer.
#define MOVE(name, kind, parameters, arguments, half) \
  ssize_t name parameters { \
    REAL(name); \
    if (!stateOf(file)) return real arguments; \
    Verdict v = verdict(kind, __func__, "", kind == CHANGE); \
    if (v == FAIL) return -1; \
    if (v != HALF_THEN_END && (v != SHORT || count < 2)) return real arguments; \
    ssize_t moved = real half; \
    if (v == HALF_THEN_END) end(); \
    return moved; \
  }
MOVE(write, CHANGE, (int file, const void *bytes, size_t count), (file, bytes, count), (file, bytes, count / 2))
MOVE(pwrite, CHANGE, (int file, const void *bytes, size_t count, off_t offset), (file, bytes, count, offset),
     (file, bytes, count / 2, offset))
MOVE(read, READ, (int file, void *bytes, size_t count), (file, bytes, count), (file, bytes, count / 2))
MOVE(pread, READ, (int file, void *bytes, size_t count, off_t offset), (file, bytes, count, offset),
     (file, bytes, count / 2, offset))
