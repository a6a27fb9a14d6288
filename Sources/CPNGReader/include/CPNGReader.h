// Reads a PNG from memory as 8-bit samples and reports by status codes: the one place that owns libpng's setjmp,
// because a longjmp must not cross a Swift frame. (libpng's simplified API would spare us this, but it scrambles
// interlaced 16-bit pictures in many releases: libpng issue 853.)
//
// What comes out has 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels: palettes are looked up, 1, 2 and 4
// bits widened, 16 bits rounded to 8, a transparent colour or palette made an alpha channel. Alpha isn't multiplied in.
// A gAMA chunk that is neither sRGB's nor close to it is applied where the caller says so; other colour chunks are
// ignored.
#ifndef CPNGREADER_H
#define CPNGREADER_H

#include <stddef.h>
#include <stdint.h>

typedef struct CPNGReader CPNGReader;

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
} CPNGHeader;

// Reads up to the pixels. `bytes` must stay valid until the reader is closed. Null for want of memory; otherwise the
// reader has to be closed, whatever `*status` is: 0 is success.
CPNGReader *cpng_open(const uint8_t *bytes, size_t count, int apply_gamma, CPNGHeader *header, int *status);

// Reads all rows into `pixels`, `width * height * channels` bytes, once. 0 is success; otherwise the content is
// undefined.
int cpng_read(CPNGReader *reader, uint8_t *pixels);

// Reads the next row, `width * channels` bytes, of a picture that isn't interlaced. Not together with `cpng_read`.
int cpng_read_row(CPNGReader *reader, uint8_t *row);

// The first text of a PNG that needs no more than a header, text chunks and the beginning of an IDAT chunk: how many
// bytes of `target` it fills. 0 where there is none, or it's damaged or far longer than `capacity`.
size_t cpng_text(const uint8_t *bytes, size_t count, uint8_t *target, size_t capacity);

// What was wrong; empty where nothing was.
const char *cpng_message(const CPNGReader *reader);

void cpng_close(CPNGReader *reader);

#endif
