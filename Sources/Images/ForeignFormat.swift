// Files that people have among their pictures and that no decoder here reads: what they are, and what to do.

/// What a file is that is neither a JPEG nor a PNG, told from its first bytes.
package struct ForeignFormat: Sendable, Equatable {
  /// "a WebP picture"
  package let name: String
  /// What mends it.
  package let remedy: String
  /// A zip or tar file, perhaps compressed: pictures may be in it.
  package let isArchive: Bool

  /// One line, without the file's name.
  package var advice: String { "is \(name): \(remedy)" }

  /// What is said of a file that is no picture, by its first bytes. One line, without its name.
  package static func reason(_ bytes: some Collection<UInt8>) -> String {
    bytes.isEmpty ? "is empty" : ForeignFormat(bytes)?.advice ?? "is neither a JPEG nor a PNG picture"
  }

  /// So many first bytes of a file tell.
  package static let length = 512

  /// Nil for what isn't known.
  package init?(_ bytes: some Collection<UInt8>) {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    func has(_ other: [UInt8]) -> Bool { bytes.starts(with: other) }
    func convertible(_ name: String, _ ending: String) -> (String, String, Bool) {
      // ImageMagick 6 and 7 have mogrify; it writes new files beside the old ones.
      (name, "convert it to PNG or JPEG, say by ImageMagick: mogrify -format png '\(ending)'", false)
    }
    let archive = "give it itself as --data, or unpack it"
    let found: (name: String, remedy: String, isArchive: Bool)? =
      if has("GIF87a") || has("GIF89a") {
        convertible("a GIF picture", "*.gif[0]")
      } else if has("RIFF") && has("WEBP", at: 8) {
        convertible("a WebP picture", "*.webp")
      } else if has("II*\0") || has("MM\0*") {
        convertible("a TIFF picture", "*.tif")
      } else if has("ftypavif", at: 4) || has("ftypavis", at: 4) {
        convertible("an AVIF picture", "*.avif")
      } else if has("ftyphei", at: 4) || has("ftyphev", at: 4) || has("ftypmif1", at: 4) || has("ftypmsf1", at: 4) {
        convertible("a HEIC picture", "*.heic")
      } else if has([0xFF, 0x0A]) || has([0, 0, 0, 12]) && has("JXL ", at: 4) {
        convertible("a JPEG XL picture", "*.jxl")
      } else if has([0, 0, 0, 12]) && has("jP  ", at: 4) {
        convertible("a JPEG 2000 picture", "*.jp2")
      } else if has("BM") && bytes.count > 26 {
        convertible("a BMP picture", "*.bmp")
      } else if has("8BPS") {
        convertible("a Photoshop picture", "*.psd[0]")
      } else if has("ftyp", at: 4) || has([0x1A, 0x45, 0xDF, 0xA3]) {
        ("a video", "take pictures out of it, say by ffmpeg -i FILE -vf fps=1 %06d.png", false)
      } else if has([0x50, 0x4B, 3, 4]) || has([0x50, 0x4B, 5, 6]) {
        ("a zip archive", archive, true)
      } else if has("ustar", at: 257) {
        ("a tar archive", archive, true)
      } else if has([0x1F, 0x8B]) {
        ("compressed by gzip", archive, true)
      } else if has([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
        ("compressed by xz", archive, true)
      } else if has([0x28, 0xB5, 0x2F, 0xFD]) {
        ("compressed by zstd", archive, true)
      } else if has("BZh") {
        ("compressed by bzip2", archive, true)
      } else if has([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) {
        ("a 7z archive", "unpack it, or make it a zip or tar file", false)
      } else if has("Rar!") {
        ("a RAR archive", "unpack it, or make it a zip or tar file", false)
      } else {
        nil
      }
    guard let found else { return nil }
    (name, remedy, isArchive) = found
  }
}
