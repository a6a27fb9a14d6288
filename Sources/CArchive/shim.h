#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

/* libarchive spells names in the locale of the thread that reads, which is "C" where nobody has set another: letters
   beyond ASCII are lost there. So a header is read in UTF-8, whatever the machine's language is. */
static inline int wgan_archive_next(struct archive *archive, struct archive_entry **entry, const char **name) {
  locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (!utf8) utf8 = newlocale(LC_CTYPE_MASK, "en_US.UTF-8", (locale_t)0);
  locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
  int status = archive_read_next_header(archive, entry);
  *name = 0;
  if (status == ARCHIVE_OK || status == ARCHIVE_WARN) {
    *name = archive_entry_pathname(*entry);
    if (!*name) *name = archive_entry_pathname_utf8(*entry);
  }
  if (utf8) {
    uselocale(before);
    freelocale(utf8);
  }
  return status;
}
