#include "CPNGReader.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct CPNGReader {
  png_structp png;
  png_infop info;
  const uint8_t *next;
  size_t left;
  size_t row_bytes;
  uint32_t height;
  int passes;
  jmp_buf caller;
  char message[128];
};

static void fail(png_structp png, png_const_charp message) {
  CPNGReader *reader = png_get_error_ptr(png);
  strncpy(reader->message, message, sizeof reader->message - 1);
  longjmp(reader->caller, 1);
}

static void ignore(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void take(png_structp png, png_bytep target, size_t count) {
  CPNGReader *reader = png_get_io_ptr(png);
  if (count > reader->left) png_error(png, "it ends too early");
  memcpy(target, reader->next, count);
  reader->next += count;
  reader->left -= count;
}

// Sets up the transformations that make any PNG 8-bit samples, as the header file says.
static void expand(png_structp png, png_infop info, int apply_gamma) {
  png_set_expand(png);
  png_set_scale_16(png);
  png_fixed_point gamma;
  int intent;
  if (apply_gamma && !png_get_sRGB(png, info, &intent) && png_get_gAMA_fixed(png, info, &gamma)) {
    png_set_gamma_fixed(png, PNG_DEFAULT_sRGB, gamma);
  }
}

CPNGReader *cpng_open(const uint8_t *bytes, size_t count, int apply_gamma, CPNGHeader *header, int *status) {
  // Of the chunks that may be left out, only these matter; libpng doesn't even parse the others.
  static const png_byte wanted[] = {'g', 'A', 'M', 'A', 0, 's', 'R', 'G', 'B', 0, 't', 'R', 'N', 'S', 0};

  *status = 1;
  CPNGReader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) return NULL;
  reader->next = bytes;
  reader->left = count;
  if (setjmp(reader->caller) != 0) return reader;

  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail, ignore);
  if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
  if (reader->info == NULL) {
    if (reader->message[0] == 0) strcpy(reader->message, "there is no memory for the PNG decoder");
    return reader;
  }
  png_structp png = reader->png;
  png_infop info = reader->info;
  png_set_read_fn(png, reader, take);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // the caller has its own
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, wanted, (int)(sizeof wanted / 5));
  png_read_info(png, info);
  expand(png, info, apply_gamma);
  reader->passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);

  reader->row_bytes = png_get_rowbytes(png, info);
  reader->height = png_get_image_height(png, info);
  header->width = png_get_image_width(png, info);
  header->height = reader->height;
  header->channels = png_get_channels(png, info);
  if (png_get_bit_depth(png, info) != 8 || reader->row_bytes != (size_t)header->width * header->channels) {
    png_error(png, "its samples can't be made 8-bit ones");
  }
  *status = 0;
  return reader;
}

int cpng_read(CPNGReader *reader, uint8_t *pixels) {
  if (setjmp(reader->caller) != 0) return 1;
  for (int pass = 0; pass < reader->passes; pass++) {
    for (uint32_t y = 0; y < reader->height; y++) {
      png_read_row(reader->png, pixels + y * reader->row_bytes, NULL);
    }
  }
  return 0;
}

int cpng_read_row(CPNGReader *reader, uint8_t *row) {
  if (setjmp(reader->caller) != 0) return 1;
  png_read_row(reader->png, row, NULL);
  return 0;
}

size_t cpng_text(const uint8_t *bytes, size_t count, uint8_t *target, size_t capacity) {
  static const png_byte wanted[] = {'t', 'E', 'X', 't', 0, 'z', 'T', 'X', 't', 0, 'i', 'T', 'X', 't', 0};

  CPNGReader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) return 0;
  reader->next = bytes;
  reader->left = count;
  volatile size_t length = 0;
  if (setjmp(reader->caller) == 0) {
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail, ignore);
    if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
    if (reader->info != NULL) {
      png_set_read_fn(reader->png, reader, take);
      png_set_chunk_malloc_max(reader->png, capacity + 1024);
      png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
      png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_AS_DEFAULT, wanted, (int)(sizeof wanted / 5));
      png_read_info(reader->png, reader->info);
      png_textp texts;
      int number = 0;
      if (png_get_text(reader->png, reader->info, &texts, &number) > 0 && texts[0].text != NULL) {
        size_t whole = texts[0].itxt_length > 0 ? texts[0].itxt_length : texts[0].text_length;
        length = whole < capacity ? whole : capacity;
        memcpy(target, texts[0].text, length);
      }
    }
  }
  cpng_close(reader);
  return length;
}

const char *cpng_message(const CPNGReader *reader) { return reader->message; }

void cpng_close(CPNGReader *reader) {
  if (reader == NULL) return;
  png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}
